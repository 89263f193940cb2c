"""When somebody is taken by somebody else's calendar: intervals within a window, and nothing of what is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kernel.intervals import Interval
from plugins.bookings.domain.hours import merged, within
from plugins.bookings.domain.moments import Lasting, Moment, Zones, known, lasting, whole_days
from plugins.bookings.domain.periods import periods
from plugins.bookings.domain.rrule import understood
from plugins.bookings.domain.rules import Freq
from plugins.bookings.domain.series import ended
from plugins.bookings.domain.vevents import Calendar, Component, Line, invalid, read
from plugins.bookings.domain.zones import DAY, wall_time

_EFFORT: Final = 500_000
"""Days that the series of one file may have looked at: those of 1,300 weekly ones of a year. A time that is listed costs as much as ten."""
_LISTED: Final = 10
_DAYS_OF: Final = {Freq.DAILY: 1, Freq.WEEKLY: 7, Freq.MONTHLY: 31, Freq.YEARLY: 366}
_NOTHING: Final = Lasting(0, timedelta())


@dataclass(frozen=True, slots=True)
class Feed:
    """When somebody is taken, in UTC, sorted and merged; how many events there were; what was not understood, in words for its owner."""

    busy: tuple[Interval, ...]
    events: int
    notes: tuple[str, ...]


def busy_times(data: bytes, window: Interval, zone: ZoneInfo, *, max_bytes: int, max_events: int = 10_000, max_occurrences: int = 20_000) -> Feed:
    """What a calendar file takes of the window. Times without a zone are in the given one, whole days in the calendar's if it names one.
    Cancelled and transparent events take nothing. Refused is what is no iCalendar file, or asks for more than the bounds."""
    calendar = read(data, max_bytes=max_bytes, max_events=max_events)
    zones = Zones(zone, known(calendar.zone[0]) or zone if calendar.zone else zone, calendar.aliases)
    reader = _Reader(calendar, Interval(window.start.astimezone(UTC), window.end.astimezone(UTC)), zones, max_occurrences)
    taken = merged(reader.taken())
    return Feed(tuple(within(taken, [reader.window])), len(calendar.events), tuple(reader.notes()))


class _Reader:
    """One file, and what came to light while it was read."""

    def __init__(self, calendar: Calendar, window: Interval, zones: Zones, most: int) -> None:
        self.window = window
        self._calendar, self._zones, self._most, self._effort = calendar, zones, most, _EFFORT
        self._unread: Counter[str] = Counter()
        self._newest: dict[tuple[str, str], int] = {}
        self._replaced: dict[str, set[datetime]] = {}
        for number, event in enumerate(calendar.events):
            self._register(number, event)

    def taken(self) -> Iterator[Interval]:
        found = 0
        for span in self._spans():
            if span.overlaps(self.window):
                found += 1
                if found > self._most:
                    raise invalid(f"The calendar has more than {self._most} events in the time that is looked at.")
                yield span

    def notes(self) -> Iterator[str]:
        if count := self._unread["event"]:
            yield f"Events that could not be read: {count}."
        if count := self._unread["rule"]:
            yield f"Events that repeat in a way that is not supported, of which only the first time is taken: {count}."
        if count := self._unread["following"]:
            yield f"Changes to an occurrence and all that follow, which are taken as changes to the one: {count}."
        if self._zones.unknown:
            yield f"Times in zones that are not known are read as in {self._zones.calendar.key}."

    def _register(self, number: int, event: Component) -> None:
        """Of several versions the newest counts; a changed occurrence takes the place of one of its series, whatever became of it."""
        key = _key(number, event)
        self._newest[key] = max(_sequence(event), self._newest.get(key, 0))
        if changed := event.first("RECURRENCE-ID"):
            self._unread["following"] += changed.parameters.get("RANGE", "").upper() == "THISANDFUTURE"
            try:
                self._replaced.setdefault(key[0], set()).add(self._zones.one(changed).at)
            except (ValueError, OverflowError):
                self._unread["event"] += 1

    def _spans(self) -> Iterator[Interval]:
        for number, event in enumerate(self._calendar.events):
            key = _key(number, event)
            if _sequence(event) < self._newest[key] or event.text("STATUS") == "CANCELLED" or event.text("TRANSP") == "TRANSPARENT":
                continue
            try:
                if event.broken:
                    raise ValueError("a line is no property")
                yield from self._of(event, frozenset() if key[1] else self._replaced.get(key[0], set()))
            except (ValueError, OverflowError):
                self._unread["event"] += 1
        for line in self._calendar.free_busy:
            if line.parameters.get("FBTYPE", "BUSY").upper() != "FREE":
                yield from self._periods(line)

    def _of(self, event: Component, replaced: set[datetime] | frozenset[datetime]) -> Iterator[Interval]:
        start_line = event.first("DTSTART")
        if start_line is None:
            raise ValueError("an event has a start")
        start = self._zones.one(start_line)
        lasts = self._lasts(event, start)
        repeats = not event.first("RECURRENCE-ID")
        dates = event.lines.get("RDATE", ()) if repeats else ()
        listed = [line for line in dates if _has_periods(line)]
        if lasts == _NOTHING and not listed:
            return
        times = set() if lasts == _NOTHING else {start}
        for line in event.lines.get("RRULE", ()) if repeats and times else ():
            times.update(self._repeated(line.value, start, lasts))
        for line in dates if times else ():
            if not _has_periods(line):
                times.update(self._listed(line))
        without = [moment for line in event.lines.get("EXDATE", ()) for moment in self._listed(line)]
        instants = {moment.at for moment in without} | replaced
        # Some leave out the day of what has a time.
        days = {moment.wall.date() for moment in without if moment.whole_day} if not start.whole_day else set()
        for moment in times:
            if moment.at not in instants and moment.wall.date() not in days:
                yield Interval(moment.at, moment.after(lasts))
        for period in (each for line in listed for each in self._periods(line)):  # those last as long as they say themselves
            if period.start not in instants and wall_time(period.start, start.zone).date() not in days:
                yield period

    def _lasts(self, event: Component, start: Moment) -> Lasting:
        """What ends by a time lasts exactly so long, each time it repeats."""
        lasts = _NOTHING
        if line := event.first("DTEND"):
            end = self._zones.one(line)
            lasts = Lasting(0, end.wall - start.wall if start.whole_day else end.at - start.at)
        elif line := event.first("DURATION"):
            lasts = lasting(line.value)
        if lasts.nominal < _NOTHING.nominal:
            raise ValueError("an event ends after it starts")
        return whole_days(lasts.nominal) if start.whole_day else lasts

    def _repeated(self, text: str, first: Moment, lasts: Lasting) -> Iterator[Moment]:
        self._spend(_LISTED)
        rule = understood(text, first.wall)
        if rule is None:
            self._unread["rule"] += 1
            return
        earliest = wall_time(self.window.start - lasts.nominal, first.zone).date() - DAY
        last = wall_time(self.window.end, first.zone).date()
        number = 0
        for days in periods(rule, first.wall.date(), last, None if rule.count else earliest):
            self._spend(_DAYS_OF[rule.freq])
            for day in days:
                wall = datetime.combine(day, first.wall.time())
                number += 1
                if ended(rule, wall, first.zone) or (rule.count and number > rule.count):
                    return
                if day >= earliest:
                    yield Moment(wall, first.zone, first.whole_day)

    def _listed(self, line: Line) -> list[Moment]:
        self._spend((line.value.count(",") + 1) * _LISTED)
        return self._zones.several(line)

    def _spend(self, days: int) -> None:
        self._effort -= days
        if self._effort < 0:
            raise invalid("The series of the calendar take too long to follow.")

    def _periods(self, line: Line) -> Iterator[Interval]:
        self._spend((line.value.count(",") + 1) * _LISTED)
        for value in filter(str.strip, line.value.split(",")):
            try:
                begins, _, ends = value.partition("/")
                zone = line.parameters.get("TZID")
                start = self._zones.moment(begins, zone)
                yield Interval(start.at, start.after(lasting(ends)) if ends.upper().startswith(("P", "+P")) else self._zones.moment(ends, zone).at)
            except (ValueError, OverflowError):
                self._unread["event"] += 1


def _has_periods(line: Line) -> bool:
    return line.parameters.get("VALUE", "").upper() == "PERIOD"


def _key(number: int, event: Component) -> tuple[str, str]:
    """Which event this is a version of, and which of its occurrences if not all; one without a name is its own."""
    uid, changed = event.first("UID"), event.first("RECURRENCE-ID")
    return uid.value.strip() if uid else f"\0{number}", changed.value.strip() if changed else ""


def _sequence(event: Component) -> int:
    text = event.text("SEQUENCE")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
