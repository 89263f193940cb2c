"""What bookings know of a client, asked by other plugins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ports.persistence import Row


class People(Protocol):
    """Of clients."""

    def past(self, client_id: UUID, until: datetime, limit: int) -> Sequence[Row]:
        """What happened at or before `until`, newest first: `at`, `kind`, `title`, `reference`."""

    def to_come(self, client_id: UUID, now: datetime) -> bool:
        """Whether they have a booking to come, or wait for one."""

    def hold(self, into: UUID, source: UUID) -> None:
        """Whatever they come to or wait for, until the transaction ends."""

    def renamed(self, client_id: UUID, now: datetime) -> None:
        """What they come to shows another in their place: step its version."""

    def shared(self, into: UUID, source: UUID) -> Sequence[Row]:
        """Bookings that both take part in, or left: `booking_id`, `into_status`, `source_status`."""

    def unite(self, booking_id: UUID, keep: UUID, lose: UUID) -> None:
        """One row for both, that of `keep`; it owes what either did if both stand as it does."""

    def repoint(self, source: UUID, into: UUID) -> None:
        """What still refers to the one refers to the other."""

    def waiting_twice(self, into: UUID, source: UUID) -> Sequence[Row]:
        """Places (`booking_id`, `client_id`) of either that the two together need not: where one takes part, or stands before."""
