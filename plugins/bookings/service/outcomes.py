"""What becomes of a booking: moved, called off, approved, completed, missed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.errors import Fault, Invalid, NotFound, Refused
from plugins.bookings import events
from plugins.bookings.domain.booking import Status, approved, cancelled, completed, declined, missed, moved
from plugins.bookings.domain.policy import absence, cancellation
from plugins.bookings.ports.bookings import Bookings
from plugins.bookings.service.actors import is_cliente, own_view
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.limits import check_outcome, check_theirs, refused, some_unseen
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.reminders import Reminders
from plugins.bookings.service.terms import noting, policy_of
from plugins.bookings.service.turns import Turns
from ports.persistence import Document, Row


class Outcomes:
    """Verbs on one booking. expected: the version the caller read, None or -1 for any. All raise NotFound and Stale."""

    def __init__(
        self, *, stored: Bookings, placing: Placing, booking: Booking, turns: Turns, reminders: Reminders, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._stored = stored
        self._placing = placing
        self._booking = booking
        self._turns = turns
        self._reminders = reminders
        self._now = now

    def cancel(
        self, booking_id: UUID, expected: int | None, *, reason: str | None = None, requested_by: str = "studio", waive_fee: bool = False
    ) -> Document:
        """Call a booking off; it stays, and its time is free at once. At the client's wish after the free time, the late fee is recorded. Whoever
        was noted as missing did not miss it. waive_fee: also of one that is called off already, which forgives what was recorded then.

        Raises Refused already_cancelled and the like; for a client leave_instead in a class, and already_started: who did not come is then
        the staff's to say; own_clients_only where others take part whom the actor does not see, unless it is theirs and not over.
        """
        before = self._held_by_allowed(booking_id, expected)
        by_client = is_cliente()
        if by_client and before["capacity"] > 1:
            raise Refused("Others come to this class too: leave it instead.", code="leave_instead")
        requested_by, waive_fee = ("client", False) if by_client else (requested_by, waive_fee)
        if waive_fee and before["status"] == Status.CANCELLED:
            return self._forgiven(before)
        status = cancelled(Status(before["status"]))
        if by_client and before["start_time"] <= self._now():
            raise Refused("It has started.", code="already_started")
        check_outcome(self._stored, [before], self._now())
        if noting(before, self._now()):
            self._stored.excuse([booking_id])
        outcome = cancellation(before["start_time"], self._now(), policy_of(before))
        if requested_by == "client" and outcome.fee is not None and not waive_fee and before["status"] != Status.PENDING:
            self._stored.charge(booking_id, before["attending"], outcome.fee, "late_cancellation")
        return self._end(before, status, requested_by, reason)

    def reschedule(self, booking_id: UUID, expected: int | None, *, start: datetime, end: datetime | None) -> Document:
        """Move to another time, as long as before unless an end is given. A client moves within the policy, to a free slot, and where the
        service needs approval, the new time needs it too.

        Raises Conflict slot_taken, slot_unavailable, Refused too_late, own_clients_only as changing it does.
        """
        before = self._held_by_allowed(booking_id, expected)
        moved(Status(before["status"]))
        check_outcome(self._stored, [before], self._now())
        status = before["status"]
        if is_cliente():
            if end is not None:
                raise Invalid(errors=[Fault("/end_time", "Only the staff says that.")])
            if before["capacity"] > 1:
                raise Refused("Others come to this class too: leave it and join another.", code="leave_instead")
            if cancellation(before["start_time"], self._now(), policy_of(before)).late:
                raise Refused("It is too late to move this yourself; ask the staff.", code="too_late")
            service = self._booking.check_slot(before, before["organizer_id"], start)
            status = Status.PENDING if service["needs_approval"] else status
        length: timedelta = before["end_time"] - before["start_time"]
        changes = {"start_time": start, "end_time": end or start + length, "status": status}
        return self._booking.move(booking_id, before, changes, vouched=is_cliente())

    def reassign(self, booking_id: UUID, expected: int | None, organizer: UUID) -> Document:
        """Make it another collaborator's. Raises Conflict slot_taken, Refused own_clients_only as changing it does."""
        before = self._booking.hold(booking_id, expected)
        if organizer == before["organizer_id"]:
            return self._booking.read(booking_id)
        check_theirs(self._stored, [before])
        return self._booking.move(booking_id, before, {"organizer_id": organizer})

    def approve(self, booking_id: UUID, expected: int | None) -> Document:
        """Say yes to what was asked for; its time was kept since. Raises Refused not_pending."""
        before = self._booking.hold(booking_id, expected)
        status = approved(Status(before["status"]))
        changed = self._set(before, status, sequence=before["sequence"] + 1)
        self._reminders.plan([{**before, "status": status}])
        events.bookings_approved(booking_id=booking_id)
        return changed

    def decline(self, booking_id: UUID, expected: int | None, reason: str | None) -> Document:
        """Say no to it. Raises Refused not_pending."""
        before = self._booking.hold(booking_id, expected)
        return self._end(before, declined(Status(before["status"])), "studio", reason)

    def complete(self, booking_id: UUID, expected: int | None, missing: Collection[UUID] | None = None, *, waive_fee: bool = False) -> Document:
        """It took place, with all who were not marked as missing; where nobody had come before, with all of them. missing: who alone did not
        come, which may be said anew afterwards; what the policy says they owe is recorded, or forgiven.

        Raises Refused not_over_yet, not_approved, already_completed, nobody_came, already_cancelled, own_clients_only for who does not see all who
        take part, Invalid for somebody who does not take part, and when nobody is left who came.
        """
        before = self._booking.hold(booking_id, expected)
        was, absent = Status(before["status"]), set(missing or ())
        status = completed(was, before["end_time"], self._now(), corrected=missing is not None)
        if some_unseen(self._stored, [before]):
            raise refused()
        if absent and absent.issuperset(before["client_ids"]):
            raise Invalid(errors=[Fault("/missing", "Somebody came to what took place; if nobody did, note a no-show.")])
        if missing is None and was == Status.BOOKED and before["client_ids"] and not self._stored.awaited(booking_id):
            raise Refused("Everybody was noted as missing: note a no-show, or say who did not come.", code="nobody_came")
        self._stored.attended(booking_id, missing_too=missing is not None or was == Status.NO_SHOW, besides=absent)
        new = self._miss(before, absent, "/missing", waive_fee=waive_fee)
        changed = self._set(before, status)
        if was != status:
            events.bookings_completed(booking_id=booking_id)
        else:
            events.bookings_updated(booking_id=booking_id)
        if new:
            events.bookings_no_show(booking_id=booking_id, client_ids=new)
        return changed

    def no_show(self, booking_id: UUID, expected: int | None, clients: Collection[UUID] | None, *, waive_fee: bool = False) -> Document:
        """These clients (None: all) did not come; what the policy says they owe is recorded once, or forgiven, also afterwards. When nobody
        came, the booking is a no-show.

        Raises Refused not_started_yet, nobody_booked, own_clients_only for all when the actor does not see some of them, Invalid for somebody who
        does not take part.
        """
        before = self._booking.hold(booking_id, expected)
        status = Status(before["status"])
        forgiven = waive_fee and status == Status.NO_SHOW
        nobody_came = status if forgiven else missed(status, before["start_time"], self._now())
        others = some_unseen(self._stored, [before])
        if clients is None and others:
            raise refused()
        absent = sorted(before["client_ids"] if clients is None else set(clients))
        if not before["client_ids"]:
            raise Refused("Nobody takes part in this booking.", code="nobody_booked")
        if not absent:
            raise Invalid(errors=[Fault("/client_ids", "Say who, or leave it out for all.")])
        new = self._miss(before, absent, "/client_ids", waive_fee=waive_fee)
        changed = self._set(before, status if others or self._stored.awaited(booking_id) else nobody_came)
        if new:
            events.bookings_no_show(booking_id=booking_id, client_ids=new)
        else:
            events.bookings_updated(booking_id=booking_id)
        return changed

    # -- inside ------------------------------------------------------------------------------------------------------
    def _forgiven(self, before: Row) -> Document:
        """What they owe for having called it off is forgiven, all of it or nothing."""
        if len(before["attending"]) != len(before["client_ids"]):
            raise refused("Others owe for it whom you do not see: who sees all forgives it.")
        if not self._stored.forgive(before["id"], before["attending"], "late_cancellation"):
            cancelled(Status.CANCELLED)
        events.bookings_updated(booking_id=before["id"])
        return self._set(before, Status.CANCELLED)

    def _held_by_allowed(self, booking_id: UUID, expected: int | None) -> Row:
        self._booking.allow_self_service()
        return self._booking.hold(booking_id, expected)

    def _miss(self, before: Row, absent: Collection[UUID], pointer: str, *, waive_fee: bool) -> list[UUID]:
        """They did not come. Of whom that is new: they alone are charged, for what was forgiven stays so. pointer: where they are named."""
        rows = self._stored.missed(before["id"], absent) if absent else []
        if len(rows) != len(absent):
            raise Invalid(code="invalid_reference", errors=[Fault(pointer, "Not every one of them takes part in this booking.")])
        new = sorted(row["client_id"] for row in rows if not row["known"])
        fee = absence(policy_of(before))
        if absent and waive_fee:
            self._stored.forgive(before["id"], absent, "no_show")
        elif new and fee is not None:
            self._stored.charge(before["id"], new, fee, "no_show")
        return new

    def _end(self, before: Row, status: Status, by: str, reason: str | None) -> Document:
        self._placing.free(before["id"])
        if before["capacity"] > 1:
            self._turns.close([before["id"]])
        changed = self._set(
            before, status, cancelled_at=self._now(), cancelled_by=by, cancel_reason=reason, unapproved=before["status"] == Status.PENDING,
            sequence=before["sequence"] + 1,
        )  # fmt: skip
        events.bookings_cancelled(booking_id=before["id"])
        return changed

    def _set(self, before: Row, status: Status, **values: Any) -> Document:
        given: Mapping[str, Any] = {"status": status, **values, "updated_at": self._now()}
        changed = self._stored.change(before["id"], given)
        if changed is None:
            raise NotFound()
        return own_view(changed) if is_cliente() else changed
