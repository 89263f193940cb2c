"""A series that is being changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.errors import Fault, Invalid
from plugins.bookings.domain.repeating import Plan
from plugins.bookings.domain.zones import wall_time
from ports.persistence import Row

OF_SERIES: Final = ("title", "organizer_id")
"""What a series has as its bookings do."""


@dataclass(frozen=True, slots=True)
class Held:
    """A series locked with all its bookings. targets: those that change; head, tail: what comes before the first of them, and everything from
    it on; unseen: occurrences that the actor does not see, which come before it and are over."""

    series: Row
    plan: Plan
    named: Row
    targets: Sequence[Row]
    head: Sequence[Row]
    tail: Sequence[Row]
    unseen: bool = False

    @property
    def cut(self) -> datetime:
        """The first occurrence that changes."""
        first: datetime = self.tail[0]["occurrence"]
        return first

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.series["minutes"])

    def says(self, values: Mapping[str, Any]) -> bool:
        """Whether the series has these already: it keeps what its bookings were given one by one apart."""
        return all(self.series[name] == values[name] for name in OF_SERIES if name in values)

    def alone(self, row: Row) -> bool:
        """Whether it was moved by itself."""
        at = self.plan.at(row["occurrence"])
        return bool(row["start_time"] != at or row["end_time"] != at + self.length)

    def shift(self, start: datetime) -> timedelta:
        """How far on the wall clock of the series the one named moves to start then: from where it is, also when it was moved alone before.
        Raises Invalid for an hour that a series does not have."""
        zone, named = self.plan.zone, self.named
        wall = wall_time(start, zone)
        if self.plan.at(wall) != start:
            raise Invalid(errors=[Fault("/start_time", "Of an hour that the clocks repeat, a series has the first.")])
        # What the rule names and the clocks skip is shown later: of one that is where the rule has it, the rule's word counts.
        there = self.plan.at(named["occurrence"]) == named["start_time"]
        by: timedelta = wall - (named["occurrence"] if there else wall_time(named["start_time"], zone))
        return by

    def after(
        self, row: Row, wanted: Mapping[str, Any], values: Mapping[str, Any], by: timedelta, length: timedelta | None
    ) -> dict[str, Any]:  # fmt: skip
        """What becomes of one. wanted: the one named, as it is to be; values: what all are given; by: how far they move; length: how long they
        are then, None when no time changes."""
        new = {**row, **values}
        if row["id"] == self.named["id"]:
            return {**new, "start_time": wanted["start_time"], "end_time": wanted["end_time"]}
        if length is None or self.alone(row):
            return new
        start = self.plan.at(row["occurrence"] + by)
        return {**new, "start_time": start, "end_time": start + length}


def differs(old: Row, new: Mapping[str, Any], clients: Collection[UUID] | None) -> bool:
    """Whether a booking becomes another, or others come to it. clients: None for the same."""
    return any(new[name] != old[name] for name in new) or (clients is not None and set(clients) != set(old["client_ids"]))
