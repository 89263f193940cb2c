"""Joining and leaving classes: seats are counted under the lock of their row, and the database refuses one too many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Refused, Stale
from plugins.bookings import events
from plugins.bookings.domain.booking import Status, joined
from plugins.bookings.domain.policy import cancellation
from plugins.bookings.ports.bookings import Bookings
from plugins.bookings.ports.offering import Catalogue
from plugins.bookings.service.actors import is_cliente, own_client
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.limits import is_seen
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.terms import check_left, policy_of
from plugins.bookings.service.turns import Turns
from ports.persistence import Document, Row


class Classes:
    """Bookings of several places. now: the time, aware, in UTC."""

    def __init__(
        self, *, stored: Bookings, placing: Placing, booking: Booking, turns: Turns, catalogue: Catalogue, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._stored = stored
        self._placing = placing
        self._booking = booking
        self._turns = turns
        self._catalogue = catalogue
        self._now = now

    def join(self, booking_id: UUID, client_id: UUID | None, expected: int | None) -> Document:
        """Take a seat, the one that is offered to them if one is; a Cliente for themselves, while it is not over for the staff and has not begun
        for them. expected: as `Booking.hold` has it.

        Raises Stale, Conflict class_full, already_joined, slot_unavailable, NotFound, Refused not_a_class, already_started, already_cancelled,
        already_no_show, not_approved, and by whoever answers bookings_validate.
        """
        client = self.coming(client_id)
        self.check_version(booking_id, expected)
        seat = self._placing.seat(booking_id)
        full = self._turns.settle(booking_id) if seat is None else None
        offered = self._turns.forget([booking_id], [client])
        if full is not None and (offered or full["taken"] < full["capacity"]):
            seat = self._placing.seat(booking_id)  # theirs that was offered; or an offer was over, and nobody waited
        if seat is None:
            raise self._refusal(booking_id, full)
        self.check_open(seat, offered=offered)
        events.bookings_validate(
            booking_id=booking_id, client_ids=[client], organizer_id=seat["organizer_id"], service_id=seat["service_id"],
            start_time=seat["starts_at"], end_time=seat["ends_at"],
        )  # fmt: skip
        if not self._stored.attend(booking_id, [client], self._now()):
            raise Conflict("They take part already.", code="already_joined")
        self._booking.reseated(booking_id)
        events.bookings_joined(booking_id=booking_id, client_id=client)
        found = self._booking.read(booking_id)  # which whoever acts may see from here on
        joined(Status(found["status"]))
        return found

    def leave(self, booking_id: UUID, client_id: UUID | None, expected: int | None, *, waive_fee: bool = False) -> None:
        """Give a seat back; late, the fee of the policy is recorded, and forgiven also afterwards. expected: as `Booking.hold` has it.

        Raises NotFound, Stale, Refused not_a_class, already_cancelled, already_started, noted_missing.
        """
        client = self.whose(client_id)
        before = self._booking.hold(booking_id, expected, unseen=waive_fee)
        over = before["status"] == Status.CANCELLED
        gone = waive_fee and not is_cliente() and (over or client not in before["client_ids"])
        if gone and before["capacity"] > 1 and self._stored.forgive(booking_id, [client], "late_cancellation"):
            self._booking.reseated(booking_id)
            events.bookings_updated(booking_id=booking_id)
            return
        if not is_seen(before):
            raise NotFound()
        if before["capacity"] == 1:
            raise Refused("This is no class; cancel it instead.", code="not_a_class")
        if over:
            joined(Status.CANCELLED)
        now = self._now()
        if before["end_time"] <= now or (is_cliente() and before["start_time"] <= now):
            raise Refused("It has started.", code="already_started")
        self._booking.reseated(booking_id)  # while who acts takes part
        if not self._stored.leave(booking_id, [client], now):
            check_left(0, before["client_ids"].count(client))
            raise NotFound()
        outcome = cancellation(before["start_time"], now, policy_of(before))
        if outcome.fee is not None and (is_cliente() or not waive_fee):
            self._stored.charge(booking_id, [client], outcome.fee, "late_cancellation")
        events.bookings_left(booking_id=booking_id, client_id=client)
        self._turns.settle(booking_id, freed=1)

    def whose(self, client_id: UUID | None, pointer: str = "/client_id") -> UUID:
        """The client who is meant. pointer: where that is said. Raises Forbidden for a Cliente who means another, Invalid for nobody."""
        if is_cliente():
            self._booking.allow_self_service()
            own = own_client()
            if client_id not in (None, own):
                raise Forbidden("You book for yourself.")
            return own
        if client_id is None:
            raise Invalid(errors=[Fault(pointer, "Required.")])
        return client_id

    def coming(self, client_id: UUID | None) -> UUID:
        """The client who is meant, held, for a class that is held next. Raises as `whose` does."""
        client = self.whose(client_id)
        self._stored.hold_client(client)
        return client

    def check_version(self, booking_id: UUID, expected: int | None) -> None:
        """That it is what the caller read, held from here on. Raises Stale, also for a Cliente who has no way to read it."""
        if expected in (None, -1):
            return
        try:
            self._booking.hold(booking_id, expected)
        except NotFound:
            raise Stale() from None

    def check_open(self, seat: Row, *, offered: bool = False) -> None:
        """That one can still join: a Cliente within the notice and the window of the service, but for a seat that was offered to them.

        Raises Refused already_started, Conflict slot_unavailable, Forbidden staff_only.
        """
        now, start = self._now(), seat["starts_at"]
        if not is_cliente():
            if seat["ends_at"] <= now:
                raise Refused("It has started.", code="already_started")
            return
        if start <= now:
            raise Refused("It has started.", code="already_started")
        service = None if seat["service_id"] is None else self._catalogue.service(seat["service_id"])
        if service is None or not service["self_service"]:
            raise Forbidden("Only the staff adds people to this class.", code="staff_only")
        if offered:
            return
        if service["archived_at"] is not None:
            raise Conflict("This class is not offered any more; ask the staff.", code="slot_unavailable")
        if start < now + timedelta(minutes=service["notice_minutes"]):
            raise Conflict(f"Join {service['notice_minutes']} minutes before it starts at the latest; ask the staff.", code="slot_unavailable")
        if start > now + timedelta(days=service["window_days"]):
            raise Conflict(f"It can be joined {service['window_days']} days before it starts at the earliest.", code="slot_unavailable")

    # -- inside ------------------------------------------------------------------------------------------------------
    def _refusal(self, booking_id: UUID, found: Row | None) -> Exception:
        if found is None:
            self._booking.check_stands(booking_id)
            return NotFound()
        if found["capacity"] == 1:
            self._booking.read(booking_id)  # somebody else's is not there
            return Refused("This is no class.", code="not_a_class")
        return Conflict("There is no place left.", code="class_full")
