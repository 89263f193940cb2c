"""What figures of a period need from storage: one query for each kind of row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.intervals import Interval
from ports.persistence import Row


class Kpis(Protocol):
    """Sums of what the actor may see."""

    def people(self, span: Interval, only: UUID | None) -> Sequence[Row]:
        """`id` and `full_name` of the staff, and of whoever was, with bookings in the span; by name."""

    def booked(self, people: Collection[UUID], span: Interval) -> Sequence[Row]:
        """By `organizer_id` and `status`: `bookings` that start in the span, `seconds` of it that all take, and those called off `late`."""

    def attendance(self, people: Collection[UUID], span: Interval, now: datetime) -> Sequence[Row]:
        """By `organizer_id`, and once for all with None: `attended`, `missed`, `unmarked`, `left_late`; `clients` and those `returning`."""
