"""The dates and times of a calendar file, and the zones they are in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from icalendar.prop import vDDDTypes
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from plugins.bookings.domain.vevents import Line
from plugins.bookings.domain.zones import DAY, MIDNIGHT, day_start, instant

_LONGEST: Final = 100
"""Characters of the name of a zone."""
_UTC: Final = ZoneInfo("UTC")
_UNITS: Final = {"W": 7, "D": 1}
_DAYS: Final = re.compile(r"(\d+)([WD])")
_read: Final[Callable[[str], object]] = vDDDTypes.from_ical
"""A date, a time or a duration; ValueError where it is none."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long something takes: days as a calendar counts them, of whatever length the clocks make them, and time beside them."""

    days: int
    time: timedelta

    @property
    def nominal(self) -> timedelta:
        """With days of 24 hours."""
        return self.days * DAY + self.time


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall time somewhere, or a whole day."""

    wall: datetime
    zone: ZoneInfo
    whole_day: bool

    @property
    def at(self) -> datetime:
        return day_start(self.wall.date(), self.zone) if self.whole_day else instant(self.wall, self.zone)

    def after(self, lasting: Lasting) -> datetime:
        """So much later; of a whole day, days count alone."""
        then = replace(self, wall=self.wall + lasting.days * DAY).at
        return then if self.whole_day else then + lasting.time


@dataclass(slots=True)
class Zones:
    """Where times are. own: for times without a zone; calendar: for whole days; aliases: what the file calls the zones it defines. unknown:
    whether a time was in one that nobody knows; such are read as the calendar's."""

    own: ZoneInfo
    calendar: ZoneInfo
    aliases: Mapping[str, str] = field(default_factory=dict)
    unknown: bool = False

    def named(self, zone_id: str) -> ZoneInfo:
        found = known(zone_id) or known(self.aliases.get(zone_id, ""))
        self.unknown = self.unknown or found is None
        return found or self.calendar

    def moment(self, value: str, zone_id: str | None) -> Moment:
        """ValueError where it is none."""
        read = _read(value.strip())
        if isinstance(read, datetime):
            if read.tzinfo is not None:
                return Moment(read.replace(tzinfo=None), _UTC, whole_day=False)
            return Moment(read, self.named(zone_id) if zone_id else self.own, whole_day=False)
        if isinstance(read, date):
            return Moment(datetime.combine(read, MIDNIGHT), self.calendar, whole_day=True)
        raise ValueError("neither a date nor a time")

    def one(self, line: Line) -> Moment:
        """Of a property that has one; ValueError where it has not."""
        return self.moment(line.value, line.parameters.get("TZID"))

    def several(self, line: Line) -> list[Moment]:
        """Of a list of them; of periods, their starts."""
        return [self.moment(value.partition("/")[0], line.parameters.get("TZID")) for value in line.value.split(",") if value.strip()]


def known(zone_id: str) -> ZoneInfo | None:
    """The zone of a name as IANA, Windows or a maker's prefix writes it."""
    if len(zone_id) > _LONGEST:
        return None
    name = WINDOWS_TO_OLSON.get(zone_id, zone_id).strip("/")
    while name not in _names():
        _, slash, name = name.partition("/")
        if not slash:
            return None
    return ZoneInfo(name)


def lasting(value: str) -> Lasting:
    """Of a duration (RFC 5545 §3.3.6); ValueError where it is none, or goes back."""
    read = _read(value.strip())
    if not isinstance(read, timedelta) or read < timedelta():
        raise ValueError("no duration")
    days = sum(int(number) * _UNITS[unit] for number, unit in _DAYS.findall(value.upper()))
    return Lasting(days, read - days * DAY)


def whole_days(span: timedelta) -> Lasting:
    """An event of whole days lasts one at least."""
    return Lasting(max(1, span // DAY), timedelta())


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}  # what this machine is set to, and that it is not
