"""What the queues of classes need from storage, and how the waiting are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Row


class Turns(Protocol):
    """Whose turn it is. Everything happens one after another for each class: under the lock of its time."""

    def settle(self, booking_id: UUID, freed: int, now: datetime, offer_minutes: int, *, offering: bool) -> Row | None:
        """Give back `freed` seats and those of offers that are over, and (offering) offer what is free to the first who wait. The class's time
        afterwards, with `offered`: places that were offered one now, and `until`; None when it takes no time any more. When its seats
        change, its version steps, whether or not the actor sees the class; for `freed` ones it did before."""

    def unsettled(self, now: datetime) -> Sequence[UUID]:
        """Classes with offers that are over, and those to come with a free seat that somebody waits for; the next first."""

    def forget(self, ids: Collection[UUID], clients: Collection[UUID], now: datetime) -> bool:
        """They need no place in these classes any more. Whether a seat that was offered to them is given back, with which its class's version
        steps."""

    def queued(self, ids: Collection[UUID]) -> Collection[UUID]:
        """Those of them for which somebody waits or has an offer. All stay locked."""

    def close(self, ids: Collection[UUID]) -> Sequence[Row]:
        """Nobody waits for these any more. Who did, as far as the actor sees them: `booking_id`, `client_id`, in order."""


class Queue(Protocol):
    """Who waits; for a Cliente, row-level security leaves only their own place."""

    def standing(self, booking_id: UUID, client_id: UUID) -> Row:
        """`takes_part`, `waiting` (how many do), and their `place_id` and `status`, if they have a place."""

    def add(self, place_id: UUID, booking_id: UUID, client_id: UUID, now: datetime) -> None:
        """Behind everybody else."""

    def drop(self, place_id: UUID) -> None: ...

    def one(self, booking_id: UUID, client_id: UUID) -> Row | None:
        """As in `page`."""

    def page(self, booking_id: UUID, now: datetime, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """By position: `client_id`, `position`, `status`, `offered_until`, `joined_at`, and `overdue`: whether any offer of the class is over."""

    def places(self, client_id: UUID | None, now: datetime, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """In the queues of classes to come, the next class first, and in order: as in `page`, with `booking_id`, `service_id`, `organizer_id`,
        `start_time`, `end_time`, and `number`, by which they are in order. No offer that is over. client_id: whose, None for everybody's."""

    def offer(self, place_id: UUID) -> Row | None:
        """What a letter says about an offer that stands: `email`, `full_name`, `title`, `start_time`, `offered_until`, `timezone`."""


class Notices(Protocol):
    """What follows an offer."""

    def offered(self, booking_id: UUID, place_id: UUID, until: datetime) -> None:
        """Write to whoever has the place, and pass it on when the time is over."""
