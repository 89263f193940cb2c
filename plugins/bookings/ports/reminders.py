"""What reminders need from storage, and how they wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ports.persistence import Row


class Reminders(Protocol):
    """Bookings as reminders see them."""

    def standing(self, booking_id: UUID) -> Row | None:
        """`status`, `start_time`; `settled_at`: when it was booked, and for what was moved or approved since, its last change; `over`: what
        `pass_over` was told of this start, None when nothing."""

    def upcoming(self, since: datetime, until: datetime, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
        """What is booked and starts after `since` and by `until`, the next first, as `standing` says it and its `id`. after: start and id of the
        last known."""

    def pass_over(self, booking_id: UUID, start: datetime, minutes: int) -> None:
        """The reminder so long before this start is over, and with it all earlier ones."""

    def reachable(self, booking_id: UUID) -> Sequence[Row]:
        """`client_id` of everybody who is to come and has an address."""

    def client(self, booking_id: UUID, client_id: UUID) -> Row | None:
        """What a letter to them says: `email`, `full_name`, `title`, `status`, `start_time`, `location_kind`, `location`, `timezone`, `joined`:
        whether they became a member by this address, and `over` as `standing` has it; None when they do not come."""

    def organizer(self, booking_id: UUID) -> Row | None:
        """The same for whose time it is, while they are staff here; not `joined`."""


class Later(Protocol):
    """Work that waits; the same is never done twice."""

    def remind(self, booking_id: UUID, start: datetime, minutes: int, at: datetime) -> None: ...

    def letter(self, booking_id: UUID, start: datetime, minutes: int, client_id: UUID | None) -> None:
        """To a client; None: to the organizer."""
