"""What happens without anybody asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from plugins.bookings.plugin import plugin
from plugins.bookings.service import Service


@plugin.task(cron="23 * * * *")
def refresh_calendars() -> None:
    """Every hour: read people's calendars elsewhere, each in a job of its own."""
    for id in _service().imports.due():
        read_calendar(calendar_id=id)


@plugin.task(retries=3, outside=True)
def read_calendar(calendar_id: UUID) -> None:
    """One of them."""
    _service().imports.read_again(calendar_id)


@plugin.task
def reseal() -> Iterator[Mapping[str, object]]:
    """Seal anew what an earlier key sealed (`fitpro data reseal`)."""
    yield from _service().imports.reseal()


def _service() -> Service:
    found: Service = plugin.service
    return found
