"""What happens without anybody asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from plugins.bookings.plugin import plugin
from plugins.bookings.service import Service
from plugins.sdk import Unavailable, ctx, work

_SPREAD_S: Final = 3000


@plugin.task(cron="23 * * * *")
def refresh_calendars() -> None:
    """Every hour: read people's calendars elsewhere, each in a job of its own at a minute of its own."""
    for id in _service().imports.due():
        read_calendar.schedule({"calendar_id": id}, at=ctx.now + timedelta(seconds=id.int % _SPREAD_S))


@plugin.task(retries=3, outside=True)
def read_calendar(calendar_id: UUID) -> None:
    """One of them; later, while as many strangers as may be are talked to already: a thread is for others."""
    try:
        _service().imports.read_again(calendar_id)
    except Unavailable:
        with work():
            read_calendar.schedule({"calendar_id": calendar_id}, at=ctx.now + timedelta(seconds=20 + calendar_id.int % 60))


@plugin.task
def reseal() -> Iterator[Mapping[str, object]]:
    """Seal anew what an earlier key sealed (`fitpro data reseal`)."""
    yield from _service().imports.reseal()


def _service() -> Service:
    found: Service = plugin.service
    return found
