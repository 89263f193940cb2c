"""What taking time needs from storage."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.bookings.domain.place import Place
from ports.persistence import Row


class Times(Protocol):
    """The time that bookings and holds take; no two of one organizer, or of one room, ever overlap."""

    @property
    def again(self) -> bool:
        """Whether to ask before writing, because an attempt failed (or this is a job)."""

    def lock(self, subjects: Collection[UUID]) -> None:
        """One at a time for each of these people and rooms, until the transaction ends."""

    def sweep(self, subjects: Collection[UUID]) -> None:
        """Free what expired holds took of them."""

    def conflict(self, place: Place, besides: UUID) -> Row | None:
        """The first stretch in the way: `starts_at`, `ends_at`, `resource` (`organizer` or `room`). besides: what does not count."""

    def hold(self, id: UUID, place: Place, until: datetime, by: UUID | None, at_most: int, *, vouched: bool) -> None:
        """For a while. vouched: the organizer was looked up. Raises RuleBroken slot_taken, too_many_holds, Invalid for who is no staff."""

    def use_hold(self, id: UUID, by: UUID | None, place: Place) -> None:
        """End a hold of theirs on this start, to be booked now. Raises RuleBroken hold_expired."""

    def let_go(self, id: UUID, by: UUID | None) -> bool:
        """End a hold."""

    def held(self, id: UUID, by: UUID | None) -> Row | None:
        """A hold that has not expired."""

    def move(self, id: UUID, place: Place) -> None:
        """A booking's. Raises RuleBroken slot_taken."""

    def reseat(self, id: UUID, more: int) -> None:
        """So many more seats are taken, or fewer. Raises Conflict class_full."""

    def seat(self, id: UUID) -> Row | None:
        """Take one more seat and return the row; None when there is none left, or no such class."""

    def free(self, id: UUID) -> None:
        """Give the time back."""

    def free_room(self, candidates: Collection[UUID], place: Place, besides: UUID) -> UUID | None:
        """The first of these rooms that nothing is in the way of."""

    def closed(self, place: Place) -> Row | None:
        """When its room is closed then, or (`archived`) for good: as `conflict` has it."""
