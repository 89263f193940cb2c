"""What a look at the calendar covers."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from kernel.errors import Fault, Invalid
from kernel.intervals import Interval
from plugins.bookings.domain.zones import DAY, YEARS, day_start

AGENDA: Final = 30
"""Days an agenda covers, the one asked for included."""


class View(StrEnum):
    """How much of the calendar is looked at."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    AGENDA = "agenda"


def span(view: str, day: date, zone: ZoneInfo, week_start: int) -> Interval:
    """The instants a view covers, whole days of the zone: the day, its week, the weeks its month is in, or 30 days from it. week_start is an
    ISO weekday. A view of the one day that a zone skipped is of the next."""
    if day.year not in YEARS:
        raise Invalid(errors=[Fault("?date", f"Must lie in the years {YEARS[0]} to {YEARS[-1]}.")])
    first, after = _days(View(view), day, week_start)
    start, end = day_start(first, zone), day_start(after, zone)
    return Interval(start, end if start < end else day_start(after + DAY, zone))


def week_of(day: date, week_start: int) -> date:
    """The first day of the week that the day is in."""
    return day - timedelta((day.isoweekday() - week_start) % 7)


def _days(view: View, day: date, week_start: int) -> tuple[date, date]:
    match view:
        case View.DAY:
            return day, day + DAY
        case View.WEEK:
            first = week_of(day, week_start)
            return first, first + timedelta(7)
        case View.MONTH:
            first = day.replace(day=1)
            last = (first + timedelta(31)).replace(day=1) - DAY
            return week_of(first, week_start), week_of(last, week_start) + timedelta(7)
        case View.AGENDA:
            return day, day + timedelta(AGENDA)
