"""Wall time and instants: what a zone makes of a day, its missing hours and its repeated ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from kernel.intervals import Interval

DAY: Final = timedelta(days=1)
MIDNIGHT: Final = time()
YEARS: Final = range(1970, 2201)
"""Those a calendar is asked about."""
_NONE: Final = timedelta()
_SECOND: Final = timedelta(seconds=1)
_FARTHEST: Final = timedelta(hours=16)
"""No zone was ever further from UTC (Manila and Juneau by the sun, before 1900). No zone changes twice within the 56 hours this makes of a day."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a day through which the clocks run on: instants in UTC, and how far the wall time is ahead of them."""

    start: datetime
    end: datetime
    offset: timedelta


@lru_cache(maxsize=8192)
def pieces(day: date, zone: ZoneInfo) -> tuple[Piece, ...]:
    """When the clocks of the zone show this day, ascending: one piece, two where they are set on that day, none where the day is skipped."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    earliest, latest = midnight - _FARTHEST, midnight + DAY + _FARTHEST
    old, new = _offset(earliest, zone), _offset(latest, zone)
    if old == new:
        return (Piece(midnight - old, midnight + DAY - old, old),)
    change = _change(earliest, latest, old, zone)
    found = (Piece(midnight - old, min(change, midnight + DAY - old), old), Piece(max(change, midnight - new), midnight + DAY - new, new))
    return tuple(piece for piece in found if piece.start < piece.end)


def instants(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When the clocks of the zone show this time on this day, in UTC, ascending: never where it is skipped, twice where it is repeated."""
    wall = datetime.combine(day, at, UTC)
    return tuple(shown for piece in pieces(day, zone) if piece.start <= (shown := wall - piece.offset) < piece.end)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The one instant of a naive wall time, in UTC: a missing one moves forward by the length of the gap, of a repeated one it is the first."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_time(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of the zone show at an instant, naive."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the day, in UTC: midnight, the earlier one of two, or the end of the gap it lies in; of a day that the zone
    skipped, the start of the next."""
    shown = pieces(day, zone)
    return shown[0].start if shown else day_start(day + DAY, zone)


def day_bounds(day: date, zone: ZoneInfo) -> Interval:
    """From the first instant of the day to the first of the next: 24 hours, or 23 or 25, or whatever the zone makes of it. A day that the
    zone skipped is the one that came in its place."""
    start, end = day_start(day, zone), day_start(day + DAY, zone)
    return Interval(start, end) if start < end else day_bounds(day + DAY, zone)


def days_between(span: Interval, zone: ZoneInfo) -> list[date]:
    """Every day of the zone whose bounds hold some instant of the span, ascending; a skipped day is none."""
    found: list[date] = []
    # Where clocks go back over midnight the evening before is shown again within the day that has begun.
    day, last = wall_time(span.start, zone).date(), wall_time(span.end, zone).date() + DAY
    while day <= last:
        if pieces(day, zone) and day_start(day, zone) < span.end and span.start < day_start(day + DAY, zone):
            found.append(day)
        day += DAY
    return found


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or _NONE


def _change(before: datetime, after: datetime, old: timedelta, zone: ZoneInfo) -> datetime:
    while after - before > _SECOND:
        between = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (between, after) if _offset(between, zone) == old else (before, between)
    return after
