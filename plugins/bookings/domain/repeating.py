"""What a series is made of, and what becomes of it when it is cut or moved: pure, in wall time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.errors import Fault, Invalid
from plugins.bookings.domain.place import Place
from plugins.bookings.domain.series import LIMIT, Rule, moved, occurrences, rest_from, until_before
from plugins.bookings.domain.zones import DAY, instant

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule, the wall time it begins with, and what it leaves out."""

    rule: Rule
    first: datetime
    zone: ZoneInfo
    exdates: frozenset[datetime] = frozenset()

    def occurrences(self) -> list[datetime]:
        """The identities of all: the wall time as the rule names it, also where the zone skips it. Raises Invalid for too many, or none."""
        return [self._named(shown) for shown in occurrences(self.rule, self.first, self.zone, self.exdates)]

    def strays(self) -> frozenset[datetime]:
        """Exdates at which none would take place."""
        every = occurrences(self.rule, self.first, self.zone, limit=LIMIT + len(self.exdates)) if self.exdates else []
        return self.exdates.difference(every)

    def at(self, occurrence: datetime) -> datetime:
        """When one takes place, in UTC."""
        return instant(occurrence, self.zone)

    def cut(self, occurrence: datetime) -> tuple[Plan, Plan]:
        """What comes before one of them that is not the first, and what begins with it."""
        rest, begins = rest_from(self.rule, self.first, occurrence, self.zone)
        before = frozenset(each for each in self.exdates if each < occurrence)
        return self.until(occurrence), Plan(rest, begins, self.zone, self.exdates - before)

    def until(self, occurrence: datetime) -> Plan:
        """What comes before one of them that is not the first."""
        rule = until_before(self.rule, self.first, occurrence, self.zone)
        return Plan(rule, self.first, self.zone, frozenset(each for each in self.exdates if each < occurrence))

    def shifted(self, by: timedelta) -> Plan:
        """All of it later or earlier on the wall clock. Raises Invalid where no rule says that."""
        rule = moved(self.rule, self.first, self.first + by, self.zone)
        return Plan(rule, self.first + by, self.zone, frozenset(each + by for each in self.exdates))

    def without(self, walls: Collection[datetime]) -> Plan:
        """The same, leaving these out too."""
        return Plan(self.rule, self.first, self.zone, self.exdates | frozenset(walls))

    def _named(self, shown: datetime) -> datetime:
        named = datetime.combine(shown.date(), self.first.time())
        # A gap over midnight shows the occurrence of the evening on the next day.
        return named if instant(named, self.zone) == instant(shown, self.zone) else named - DAY


def check_minutes(start: datetime, length: timedelta, by: timedelta = timedelta()) -> None:
    """Of what repeats: a series keeps whole minutes alone. by: how far it moves. Raises Invalid."""
    faults = []
    if start.second or start.microsecond:
        faults.append(Fault("/start_time", "What repeats starts on the full minute."))
    elif by % _MINUTE:
        faults.append(Fault("/start_time", "The one named is between two minutes: move it alone to a full one first."))
    if length % _MINUTE:
        faults.append(Fault("/end_time", "What repeats lasts whole minutes."))
    if faults:
        raise Invalid(errors=faults)


def overlapping(places: Sequence[Place]) -> Iterator[tuple[int, int]]:
    """Each that overlaps an earlier one of the same person or room, which is not such a one itself: its place in the list, and the other's."""
    last: dict[UUID, int] = {}
    for n in sorted(range(len(places)), key=lambda n: (places[n].blocked.start, n)):
        place = places[n]
        other = next((last[each] for each in place.subjects if each in last and places[last[each]].blocked.end > place.blocked.start), None)
        if other is not None:
            yield n, other
        else:
            last.update(dict.fromkeys(place.subjects, n))
