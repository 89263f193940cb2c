"""A series that is being changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from plugins.bookings.domain.repeating import Plan
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


def differs(old: Row, new: Mapping[str, Any], clients: Collection[UUID] | None) -> bool:
    """Whether a booking becomes another, or others come to it. clients: None for the same."""
    return any(new[name] != old[name] for name in new) or (clients is not None and set(clients) != set(old["client_ids"]))
