"""A place in the calendar: when, whose time, which room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kernel.intervals import Interval


@dataclass(frozen=True, slots=True)
class Place:
    """The time something takes. before, after: buffers in minutes, which nobody else may have either; capacity: seats."""

    organizer_id: UUID
    room_id: UUID | None
    start: datetime
    end: datetime
    before: int = 0
    after: int = 0
    service_id: UUID | None = None
    capacity: int = 1

    @property
    def blocked(self) -> Interval:
        """With its buffers."""
        return Interval(self.start, self.end).widened(timedelta(minutes=self.before), timedelta(minutes=self.after))

    @property
    def subjects(self) -> frozenset[UUID]:
        """Whom and what it takes."""
        return frozenset((self.organizer_id,) if self.room_id is None else (self.organizer_id, self.room_id))
