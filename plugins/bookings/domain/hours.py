"""Opening hours: weekly rules in wall time, days that differ, and what they come to in instants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from kernel.intervals import Interval
from plugins.bookings.domain.zones import DAY, MIDNIGHT, pieces

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Open every week on an ISO weekday (1 is Monday) from a wall time until another; 00:00 as the end is the end of the day. Both days
    of the validity are included, None is without bound."""

    weekday: int
    opens: time
    closes: time
    from_day: date | None = None
    until_day: date | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.weekday <= 7:
            raise ValueError("a weekday is 1 to 7")
        if not ends_later(self.opens, self.closes):
            raise ValueError("hours close after they open")

    def holds(self, day: date) -> bool:
        """Whether this rule speaks of that day."""
        return (
            day.isoweekday() == self.weekday and (self.from_day is None or self.from_day <= day) and (self.until_day is None or day <= self.until_day)
        )


@dataclass(frozen=True, slots=True)
class Override:
    """A day that differs from its week: one stretch of it, or closed when both are None. Whatever is said of a day replaces its week."""

    day: date
    opens: time | None = None
    closes: time | None = None

    def __post_init__(self) -> None:
        if (self.opens is None) != (self.closes is None):
            raise ValueError("an override has both times or none")
        if self.opens is not None and self.closes is not None and not ends_later(self.opens, self.closes):
            raise ValueError("hours close after they open")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Open on a day from a wall time until another, 00:00 being the end of the day."""

    day: date
    opens: time
    closes: time

    def walls(self) -> tuple[datetime, datetime]:
        """Both as what the clocks show, written as if in UTC: an instant is what is left without the offset of the zone."""
        last = self.day + DAY if self.closes == MIDNIGHT else self.day
        return datetime.combine(self.day, self.opens, UTC), datetime.combine(last, self.closes, UTC)


def ends_later(opens: time, closes: time) -> bool:
    """Whether hours from one to the other are some."""
    return closes == MIDNIGHT or opens < closes


def stretches(weekly: Iterable[Hours], overrides: Iterable[Override], days: Iterable[date]) -> list[Stretch]:
    """What is open on these days, in order; stretches of one day that overlap or touch are one."""
    special: dict[date, list[Override]] = {}
    for override in overrides:
        special.setdefault(override.day, []).append(override)
    by_weekday: dict[int, list[Hours]] = {}
    for rule in weekly:
        by_weekday.setdefault(rule.weekday, []).append(rule)
    found: list[Stretch] = []
    for day in sorted(set(days)):
        if (differing := special.get(day)) is not None:
            pairs = [(one.opens, one.closes) for one in differing if one.opens is not None and one.closes is not None]
        else:
            pairs = [(rule.opens, rule.closes) for rule in by_weekday.get(day.isoweekday(), ()) if rule.holds(day)]
        found.extend(Stretch(day, opens, closes) for opens, closes in _joined(pairs))
    return found


def open_hours(weekly: Iterable[Hours], overrides: Iterable[Override], zone: ZoneInfo, days: Iterable[date]) -> list[Interval]:
    """The instants at which the clocks of the zone show an open time, in UTC: 09:00 stays 09:00, a missing hour is none, a repeated one is
    open both times."""
    return opened(stretches(weekly, overrides, days), zone)


def opened(stretched: Iterable[Stretch], zone: ZoneInfo) -> list[Interval]:
    """The same of stretches."""
    return merged([part for one in stretched for part in _parts(one, zone)])


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted, and those that overlap or touch made one."""
    found: list[Interval] = []
    for one in sorted(intervals, key=lambda interval: interval.start):
        if found and one.start <= found[-1].end:
            if one.end > found[-1].end:
                found[-1] = Interval(found[-1].start, one.end)
        else:
            found.append(one)
    return found


def minus(from_these: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """What of the first is in none of the second; both sorted and merged."""
    found: list[Interval] = []
    at = 0
    for one in from_these:
        start = one.start
        while at < len(taken) and taken[at].end <= start:
            at += 1
        here = at
        while here < len(taken) and taken[here].start < one.end:
            if start < taken[here].start:
                found.append(Interval(start, taken[here].start))
            start = max(start, taken[here].end)
            here += 1
        if start < one.end:
            found.append(Interval(start, one.end))
    return found


def within(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    """What is in both; both sorted and merged."""
    found: list[Interval] = []
    i = j = 0
    while i < len(first) and j < len(second):
        start, end = max(first[i].start, second[j].start), min(first[i].end, second[j].end)
        if start < end:
            found.append(Interval(start, end))
        if first[i].end < second[j].end:
            i += 1
        else:
            j += 1
    return found


def total_minutes(intervals: Iterable[Interval]) -> int:
    """How long they are together, in whole minutes; of merged ones nothing counts twice."""
    return sum((one.duration for one in intervals), timedelta()) // _MINUTE


def ended(
    weekly: Sequence[Mapping[str, Any]], overrides: Sequence[Mapping[str, Any]], last: date
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:  # fmt: skip
    """Hours as they are stored, without anything beyond a last day."""
    day = last.isoformat()
    kept = [
        {**each, "until": day} if each["until"] is None or each["until"] > day else each
        for each in weekly if each["from"] is None or each["from"] <= day
    ]  # fmt: skip
    return kept, [each for each in overrides if each["date"] <= day]


def _joined(pairs: Iterable[tuple[time, time]]) -> Iterator[tuple[time, time]]:
    start: time | None = None
    end = MIDNIGHT
    for opens, closes in sorted(pairs, key=lambda pair: pair[0]):
        if start is not None and (end == MIDNIGHT or opens <= end):
            end = MIDNIGHT if MIDNIGHT in (end, closes) else max(end, closes)
            continue
        if start is not None:
            yield start, end
        start, end = opens, closes
    if start is not None:
        yield start, end


def _parts(one: Stretch, zone: ZoneInfo) -> list[Interval]:
    opens, closes = one.walls()
    found = []
    for piece in pieces(one.day, zone):
        start, end = max(piece.start, opens - piece.offset), min(piece.end, closes - piece.offset)
        if start < end:
            found.append(Interval(start, end))
    return found
