"""What bookings need from storage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kernel.intervals import Interval
from kernel.money import Money
from ports.persistence import Document, Row


@dataclass(frozen=True, slots=True)
class Search:
    """Which bookings: those that overlap `inside` (None: all), and what else is asked for. mine: that a Cliente takes part in, and did not
    leave; everybody: whoever asks sees every client; backwards: the latest first."""

    inside: Interval | None = None
    organizer_id: UUID | None = None
    client_id: UUID | None = None
    room_id: UUID | None = None
    service_id: UUID | None = None
    status: str | None = None
    cancelled: bool = True
    mine: bool = False
    everybody: bool = False
    backwards: bool = False


class Bookings(Protocol):
    """Bookings and who takes part; for a Cliente, row-level security leaves only their own."""

    @property
    def again(self) -> bool:
        """Whether to ask before writing, because an attempt failed (or this is a job)."""

    def get(self, booking_id: UUID, *, mine: bool = False, everybody: bool = True) -> Document | None:
        """mine: only one that the Cliente who asks takes part in, and did not leave; not everybody: only one that is the collaborator's own who
        asks, that a client whom they see takes part in, or that they booked and nobody takes part in."""

    def page(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]: ...

    def lock(self, booking_id: UUID) -> Row | None:
        """The booking with its `client_ids`, until the transaction ends. Its time is locked first, by everybody: who joins a class sees no
        more of it."""

    def add(self, values: Mapping[str, object], clients: Sequence[UUID], blocked: Interval, *, vouched: bool) -> None:
        """A booking, its clients and the time it takes. vouched: the organizer is known to be one; the actor may not see the members.

        Raises RuleBroken slot_taken.
        """

    def change(self, booking_id: UUID, values: Mapping[str, object]) -> Document | None:
        """Set what is given and step the version. vouched as in `add`."""

    def hold_client(self, client_id: UUID) -> None:
        """Before the class they are to be in is held: a merge holds its clients first, and then their classes."""

    def attend(self, booking_id: UUID, clients: Collection[UUID], now: datetime) -> int:
        """Clients who come; those who left come back. How many of them are new."""

    def leave(self, booking_id: UUID, clients: Collection[UUID], now: datetime) -> int:
        """Clients who do not come any more. How many leave; who is noted as missing does not."""

    def reseated(self, booking_id: UUID, now: datetime) -> None:
        """Step the version alone, for who comes is shown with it: of a booking that the actor takes part in, or that is theirs to see."""

    def attended(self, booking_id: UUID, *, missing_too: bool, besides: Collection[UUID] = ()) -> None:
        """Who takes part came; missing_too: who was marked as missing as well, and owes nothing for it. besides: of whom that is not said."""

    def missed(self, booking_id: UUID, clients: Collection[UUID]) -> Sequence[Row]:
        """They did not come. Those of them who are of this booking: `client_id`, and whether it was `known`."""

    def awaited(self, booking_id: UUID) -> bool:
        """Whether somebody takes part who is not marked as missing."""

    def charge(self, booking_id: UUID, clients: Collection[UUID], fee: Money, reason: str) -> None:
        """What they owe, also those of them whom the actor does not see."""

    def excuse(self, ids: Collection[UUID]) -> None:
        """Nobody missed what does not take place, or not yet, or owes anything for that."""

    def forgive(self, booking_id: UUID, clients: Collection[UUID], reason: str) -> int:
        """What they owed for that they do not owe any more. Of how many."""

    def some_unseen(self, ids: Collection[UUID]) -> bool:
        """Whether clients take part in one of these whom the actor does not see. Seats that are only offered do not count, nor what takes no
        time any more."""

    def participants(self, booking_id: UUID, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]: ...
