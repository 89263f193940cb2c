"""Taking time, so that nobody is in two places at once: lock, sweep what expired, write; the database's constraint is the backstop."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.errors import Conflict
from plugins.bookings.domain.place import Place
from plugins.bookings.ports.times import Times
from ports.persistence import Row

_NOTHING: Final = UUID(int=0)
_CLOSED: Final = "Its room is closed then: the staff may have it there all the same by naming the room (room_id) with the times, or name another."
_ARCHIVED: Final = "Its room is not in use any more: the staff names another (room_id) with the times, or none."


class Placing:
    """The calendar's time. now: aware, UTC.

    Order of locks, everywhere: the times of bookings by id (whoever joins a class sees no more of it), their rows by id, people and rooms by id,
    services by id, the row of a room, and last the revisions that triggers step.
    """

    def __init__(self, *, stored: Times, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._now = now

    def begin(self, subjects: Collection[UUID], *, sweep: bool = True) -> None:
        """One at a time for each of these people and rooms from here on; expired holds of theirs are gone, or (not sweep) are in the way."""
        self._stored.lock(subjects)
        if sweep:
            self._stored.sweep(subjects)

    def clear(self, place: Place, *, hold_id: UUID | None = None, by: UUID | None = None) -> None:
        """For a booking that is written next, after `begin`; a hold of theirs makes way. Raises Conflict slot_taken, hold_expired."""
        if hold_id is not None:
            held = self._stored.held(hold_id, by) if self._stored.again else None
            if held is not None and (held["organizer_id"], held["starts_at"]) != (place.organizer_id, place.start):
                raise Conflict("The hold is of another start or another person's time; book what it holds, or without it.", code="hold_expired")
            self._stored.use_hold(hold_id, by, place)
        self._look(place, _NOTHING)

    def hold(self, id: UUID, place: Place, until: datetime, by: UUID | None, at_most: int, *, vouched: bool) -> None:
        """For a while. vouched: the organizer was looked up. Raises Conflict slot_taken, Invalid for who is no staff."""
        self.begin(place.subjects if by is None else place.subjects | {by})  # whoever holds two at once is counted one after the other
        self._look(place, _NOTHING)
        self._stored.hold(id, place, until, by, at_most, vouched=vouched)

    def move(self, id: UUID, was: Place, to: Place) -> None:
        """What a booking takes becomes something else. Raises Conflict slot_taken; what it took itself is not in its way."""
        self.begin(was.subjects | to.subjects)
        self._look(to, id)
        self._stored.move(id, to)

    def free(self, id: UUID) -> None:
        """Give a booking's time back."""
        self._stored.free(id)

    def reseat(self, id: UUID, more: int) -> None:
        """So many more seats are taken, or fewer. Raises Conflict class_full."""
        self._stored.reseat(id, more)

    def seat(self, id: UUID) -> Row | None:
        """Take one more seat of a class; None when there is none left, or no such class."""
        return self._stored.seat(id)

    def free_room(self, candidates: Collection[UUID], place: Place, besides: UUID | None = None) -> UUID | None:
        """The first of these rooms that is free then. besides: whose time does not count."""
        return self._stored.free_room(candidates, place, besides or _NOTHING)

    def check_open(self, place: Place) -> None:
        """Raises Conflict slot_taken when its room is closed then, or archived, and says which, and what can be done."""
        if (found := self._stored.closed(place)) is not None:
            raise slot_taken(found, _ARCHIVED if found["archived"] else _CLOSED)

    def _look(self, place: Place, besides: UUID) -> None:
        """Only when an attempt failed: to write and be refused costs nobody who succeeds a question."""
        if self._stored.again and (found := self._stored.conflict(place, besides)) is not None:
            raise slot_taken(found)


def slot_taken(found: Row, detail: str = "That time is taken.") -> Conflict:
    """The refusal that says which time is taken, and never by whom."""
    taken = {"start_time": found["starts_at"].isoformat(), "end_time": found["ends_at"].isoformat(), "resource": found["resource"]}
    return Conflict(detail, code="slot_taken", extra={"taken": taken})
