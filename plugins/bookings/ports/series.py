"""What series need from storage: everything for all occurrences at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from plugins.bookings.domain.place import Place
from ports.persistence import Document, Row


class Series(Protocol):
    """Series and their bookings."""

    def get(self, series_id: UUID, *, everybody: bool) -> Document | None:
        """not everybody: only one that is the collaborator's who asks, or of which they see a booking."""

    def page(self, limit: int, after: tuple[Any, ...] | None, *, everybody: bool) -> list[Document]:
        """In the order in which they were made. everybody as in `get`."""

    def add(self, values: Mapping[str, object]) -> None: ...

    def change(self, series_id: UUID, values: Mapping[str, object]) -> None:
        """Set what is given and step the version."""

    def series_of(self, booking_id: UUID) -> Row | None:
        """`series_id` of a booking; None when there is no such booking."""

    def lock(self, series_id: UUID) -> Row | None:
        """The series, until the transaction ends."""

    def lock_bookings(self, series_id: UUID) -> Sequence[Row]:
        """All its bookings with their `client_ids`, by id, until the transaction ends."""

    def book(self, terms: Mapping[str, object], clients: Sequence[UUID], rows: Sequence[tuple[UUID, datetime, Place]]) -> None:
        """Bookings of the same terms and clients; each with id, occurrence, and where it is."""

    def conflicts(self, places: Sequence[Place], besides: Collection[UUID]) -> Sequence[Row]:
        """What is in the way of each: `place` (from 0), `starts_at`, `ends_at`, `resource`, `code`. besides: whose time does not count."""

    def closures(self, places: Sequence[Place]) -> Sequence[Row]:
        """What is closed at the time of each: rows as `conflicts` has them, one for each `code`: studio_closed, organizer_away, room_closed,
        room_archived."""

    def take(self, rows: Sequence[tuple[UUID, Place, int]]) -> None:
        """The time of bookings, with the seats taken. Raises RuleBroken slot_taken."""

    def release(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Give their time back; the seats that were taken of each."""

    def identify(self, series_id: UUID, rows: Sequence[tuple[UUID, datetime]], now: datetime) -> None:
        """These bookings are these occurrences of that series from here on; the version of those that were another's steps."""

    def set(self, rows: Sequence[tuple[UUID, datetime, datetime, UUID | None, int]], values: Mapping[str, object]) -> None:
        """Start, end, room and sequence of each, and what else is given of all; steps their versions. Raises Invalid for a room that is
        archived or not there, unless place and time stay as they are."""

    def cancel(self, ids: Collection[UUID], by: str, reason: str | None, now: datetime) -> None: ...

    def attend(self, ids: Collection[UUID], clients: Sequence[UUID], now: datetime) -> int:
        """These clients and no others come to all of these. How many leave them; who is noted as missing does not."""
