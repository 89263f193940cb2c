"""Calendar files as tests write and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kernel.intervals import Interval
from plugins.bookings.domain.feeds import Feed, busy_times

LISBON, NEW_YORK = ZoneInfo("Europe/Lisbon"), ZoneInfo("America/New_York")
MAY = Interval(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
YEAR = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
ONE_HOUR = ("DTSTART:20260504T090000Z", "DTEND:20260504T100000Z")


def file(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", *lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str, uid: str = "u") -> list[str]:
    return ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", "SUMMARY:Secret", *lines, "END:VEVENT"]


def look(data: bytes, window: Interval = MAY, zone: ZoneInfo = LISBON, **bounds: int) -> Feed:
    return busy_times(data, window, zone, **{"max_bytes": 10_000_000, **bounds})
