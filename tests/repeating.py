"""Series of bookings, as tests ask for them and look at them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.settings import Settings
from tests.agenda import Agenda
from tests.servers import owner_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def made(agenda: Agenda, start: datetime, rrule: str, **given: Any) -> dict[str, Any]:
    return agenda.made("/api/v1/bookings/series", body(agenda, start, rrule, **given))


def body(agenda: Agenda, start: datetime, rrule: str, **given: Any) -> dict[str, Any]:
    end = (start + HOUR).isoformat()
    return {"title": "Session", "start_time": start.isoformat(), "end_time": end, "organizer_id": agenda.organizer, "rrule": rrule, **given}


def next_month(hour: int = 9, zone: ZoneInfo | None = None) -> datetime:
    day = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + 30 * DAY
    return day.replace(hour=hour, tzinfo=zone or UTC)


def starts(agenda: Agenda, series: dict[str, Any]) -> list[str]:
    """Of every booking made with it, in the order in which they were made."""
    return [agenda.get(f"/api/v1/bookings/{each['id']}").json["start_time"] for each in series["bookings"]]


def shown(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rows_of(agenda: Agenda, settings: Settings) -> list[int]:
    with owner_of(settings) as owner:
        tables = ("bookings", "bookings_series", "bookings_time", "bookings_participant")
        return [owner.execute(f"select count(*) from {table} where workspace_id = %s", (agenda.workspace,)).fetchone()[0] for table in tables]
