"""What a look at the calendar covers, in the workspace's zone and week unless another zone is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kernel.intervals import Interval
from plugins.bookings.domain.views import span
from plugins.bookings.ports.calendar import Calendar


class Views:
    """now: the time, aware, in UTC."""

    def __init__(self, *, stored: Calendar, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._now = now

    def span(self, view: str, day: date | None, tz: str | None) -> Interval:
        """The instants a view covers. day: today in the zone when it is None."""
        calendar = self._stored.calendar()
        zone = ZoneInfo(tz or calendar["timezone"])
        return span(view, day or self._now().astimezone(zone).date(), zone, calendar["week_start"])
