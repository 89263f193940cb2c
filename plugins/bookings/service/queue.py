"""The queue of a full class: in order, offered for a while, passed on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.errors import Conflict, NotFound, Refused
from kernel.ids import new_id
from plugins.bookings import events
from plugins.bookings.ports.bookings import Bookings
from plugins.bookings.ports.queue import Queue as Stored
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.classes import Classes
from plugins.bookings.service.turns import Turns
from ports.persistence import Document, Row

_LONGEST: Final = 500
"""Nobody who stands further behind would come."""


class Queue:
    """A Cliente for themselves, the staff for anyone. now: the time, aware, in UTC."""

    def __init__(
        self, *, stored: Stored, bookings: Bookings, turns: Turns, classes: Classes, booking: Booking, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._stored = stored
        self._bookings = bookings
        self._turns = turns
        self._classes = classes
        self._booking = booking
        self._now = now

    def join(self, booking_id: UUID, client_id: UUID | None, expected: int | None) -> Row:
        """Stand at the end. expected: as `Booking.hold` has it, of the class. Raises Stale, Conflict not_full, already_joined, already_queued,
        queue_full, NotFound, and as joining the class does."""
        client = self._classes.coming(client_id)
        self._classes.check_version(booking_id, expected)
        seat = self._open(booking_id)
        if seat["starts_at"] <= self._now():
            raise Refused("It has started.", code="already_started")  # no seat would be offered any more
        if seat["taken"] < seat["capacity"]:
            raise Conflict("There is a place left: join the class instead.", code="not_full")
        standing = self._stored.standing(booking_id, client)
        if standing["takes_part"]:
            raise Conflict("They take part already.", code="already_joined")
        if standing["place_id"] is not None:
            raise Conflict("They are in the queue already.", code="already_queued")
        if standing["waiting"] >= _LONGEST:
            raise Conflict("The queue is as long as a queue gets.", code="queue_full")
        self._validate(booking_id, client, seat)
        self._stored.add(new_id(), booking_id, client, self._now())
        events.bookings_queued(booking_id=booking_id, client_id=client)
        return self._own(booking_id, client)

    def page(self, booking_id: UUID, limit: int, after: tuple[Any, ...] | None) -> list[Row]:
        """Who waits, in order; a Cliente finds their own place. What is over is passed on first. Raises NotFound."""
        found = self._stored.page(booking_id, self._now(), limit, after)
        if found and found[0]["overdue"]:
            self._turns.settle(booking_id)
            found = self._stored.page(booking_id, self._now(), limit, after)
        if not found:
            seat = self._turns.settle(booking_id)
            if seat is None or seat["capacity"] == 1:
                self._booking.read(booking_id)
        return list(found)

    def places(self, client_id: UUID | None, limit: int, after: tuple[Any, ...] | None) -> list[Row]:
        """What somebody waits for, or (None) everybody: places in the queues of classes to come, the next class first; a Cliente finds their own.
        An offer that is over is in none, also before it is passed on."""
        return list(self._stored.places(client_id, self._now(), limit, after))

    def leave(self, booking_id: UUID, client_id: UUID | None, expected: int | None) -> None:
        """Give the place up; a seat that was offered goes to the next. expected: as `Booking.hold` has it, of the class. Raises NotFound, Stale."""
        client = self._classes.whose(client_id, "?client_id")
        self._classes.check_version(booking_id, expected)
        self._turns.settle(booking_id)
        if self._stored.standing(booking_id, client)["place_id"] is None:
            raise NotFound()
        self._turns.forget([booking_id], [client])
        self._turns.settle(booking_id)
        events.bookings_dequeued(booking_id=booking_id, client_id=client)

    def accept(self, booking_id: UUID, client_id: UUID | None, expected: int | None) -> Document:
        """Take the seat that is offered. expected: as `Booking.hold` has it. Raises Stale, Conflict not_offered, NotFound for who does not wait,
        Refused already_started."""
        client = self._classes.coming(client_id)
        self._classes.check_version(booking_id, expected)
        seat = self._open(booking_id, offered=True)
        standing = self._stored.standing(booking_id, client)
        if standing["place_id"] is None:
            raise NotFound()
        if standing["status"] != "offered":
            raise Conflict("No place is offered to them yet.", code="not_offered")
        self._validate(booking_id, client, seat)
        self._stored.drop(standing["place_id"])
        if not self._bookings.attend(booking_id, [client], self._now()):
            raise Conflict("They take part already.", code="already_joined")
        self._booking.reseated(booking_id)
        events.bookings_joined(booking_id=booking_id, client_id=client)
        return self._booking.read(booking_id)

    def letter(self, place_id: UUID) -> dict[str, Any] | None:
        """What to write to whom about an offer, times on the workspace's clocks; None when it is over, or there is no address."""
        found = self._stored.offer(place_id)
        if found is None or found["email"] is None or min(found["offered_until"], found["start_time"]) <= self._now():
            return None
        zone = ZoneInfo(found["timezone"])
        start, until = (f"{found[name].astimezone(zone):%Y-%m-%d %H:%M}" for name in ("start_time", "offered_until"))
        return {"email": found["email"], "full_name": found["full_name"], "title": found["title"], "start": start, "until": until, "zone": zone.key}

    # -- inside ------------------------------------------------------------------------------------------------------
    def _open(self, booking_id: UUID, *, offered: bool = False) -> Row:
        """The class's time, held, its offers settled. Raises NotFound, Refused not_a_class, already_cancelled, and as `Classes.check_open`
        does."""
        seat = self._turns.settle(booking_id)
        if seat is None:
            self._booking.check_stands(booking_id)
            raise NotFound()
        if seat["capacity"] == 1:
            self._booking.read(booking_id)  # somebody else's is not there
            raise Refused("This is no class.", code="not_a_class")
        self._classes.check_open(seat, offered=offered)
        return seat

    def _own(self, booking_id: UUID, client: UUID) -> Row:
        found = self._stored.one(booking_id, client)
        if found is None:
            raise NotFound()
        return found

    @staticmethod
    def _validate(booking_id: UUID, client: UUID, seat: Row) -> None:
        events.bookings_validate(
            booking_id=booking_id, client_ids=[client], organizer_id=seat["organizer_id"], service_id=seat["service_id"],
            start_time=seat["starts_at"], end_time=seat["ends_at"],
        )  # fmt: skip
