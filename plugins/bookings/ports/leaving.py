"""What is stored about members who go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Row


class Leaving(Protocol):
    """Of one member. To come: open and not over."""

    def hold(self, user_id: UUID, now: datetime) -> Sequence[Row]:
        """Their active series and bookings to come, by id, until the transaction ends: `id` and `room_id` of the bookings."""

    def hold_more(self, ids: Collection[UUID]) -> int:
        """Further bookings, unless somebody else holds them; how many."""

    def hold_the_rest(self, user_id: UUID) -> None:
        """Slots held of their time, the services they offer and their calendars elsewhere, held before any of it changes."""

    def to_come(self, user_id: UUID, now: datetime) -> Sequence[Row]:
        """Their bookings to come, by start."""

    def bookings(self, user_id: UUID, now: datetime, limit: int) -> Sequence[Row]:
        """The first of them as they are known: `id`, `title`, and in each row the `count` of all."""

    def series(self, user_id: UUID, now: datetime, limit: int) -> Sequence[Row]:
        """The same of active series that have bookings to come."""

    def services(self, user_id: UUID, limit: int) -> Sequence[Row]:
        """The same of services that nobody else on the staff offers."""

    def take_over(self, user_id: UUID, to: UUID, ids: Collection[UUID], now: datetime) -> None:
        """These bookings with their time, the series, the services: another's from here on. Raises RuleBroken slot_taken."""

    def hours(self, user_id: UUID) -> Row | None:
        """`timezone` of their hours, `weekly` and `overrides`."""

    def end_hours(self, user_id: UUID, weekly: Sequence[Mapping[str, Any]], overrides: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """What is left of their hours; of their time off, what is over."""

    def end_the_rest(self, user_id: UUID, now: datetime, *, feeds: bool) -> None:
        """Holds on their time, calendars elsewhere, services that others offer too or that are archived; and their feeds."""
