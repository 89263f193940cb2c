"""Making, reading and changing bookings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.bookings import events
from plugins.bookings.domain.booking import ON_CALENDARS, PLACE, TIMES, Status, check_times, moved
from plugins.bookings.domain.place import Place
from plugins.bookings.ports.bookings import Bookings, Search
from plugins.bookings.ports.offering import Catalogue
from plugins.bookings.service.actors import actor, is_cliente, own_client, own_view
from plugins.bookings.service.availability import Availability
from plugins.bookings.service.limits import check_change, check_kept, is_limited, is_seen
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.reminders import Reminders
from plugins.bookings.service.terms import (
    check_asked_by_client,
    check_capacity,
    check_in_time,
    check_left,
    check_moved,
    check_seats,
    completed,
    missed_in_vain,
    place_of,
    price_of,
    rooms_of,
)  # fmt: skip
from plugins.bookings.service.turns import Turns
from ports.persistence import Document, Row


class Booking:
    """The bookings of the current workspace. now: the time, aware, in UTC; settings: the module's."""

    def __init__(
        self, *, stored: Bookings, placing: Placing, turns: Turns, catalogue: Catalogue, availability: Availability, reminders: Reminders,
        settings: Callable[[], Mapping[str, Any]], now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._stored = stored
        self._placing = placing
        self._turns = turns
        self._catalogue = catalogue
        self._availability = availability
        self._reminders = reminders
        self._settings = settings
        self._now = now

    def page(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """A page of bookings; a Cliente finds those they take part in."""
        if not is_cliente():
            return self._stored.page(replace(search, everybody=not is_limited()), limit, after)
        return [own_view(each) for each in self._stored.page(replace(search, mine=True), limit, after)]

    def read(self, booking_id: UUID) -> Document:
        """One booking. Raises NotFound."""
        own = is_cliente()
        found = self._stored.get(booking_id, mine=own, everybody=own or not is_limited())
        if found is None:
            raise NotFound()
        return own_view(found) if own else found

    def participants(self, booking_id: UUID, limit: int, after: tuple[Any, ...] | None) -> list[Row]:
        """Who takes part or did, with what they owe. Raises NotFound."""
        found = self._stored.participants(booking_id, limit, after)
        if not found:
            self.read(booking_id)
        return list(found)

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Book. A Cliente books a free slot of a service for themselves, the staff anything.

        Raises Conflict slot_taken with the taken time, hold_expired, slot_unavailable for a client's; Invalid for what is not there; Refused
        by whoever answers bookings_validate.
        """
        given = {**given, "client_ids": sorted(set(given["client_ids"]))}  # who is named twice comes once
        by_client = is_cliente()
        if by_client:
            given = {**given, "client_ids": self._themself(given)}
        service = None if given["service_id"] is None else self._service(given["service_id"])
        organizer = given["organizer_id"] or actor()
        if organizer is None:
            raise Invalid(errors=[Fault("/organizer_id", "Required.")])
        terms = completed(given, service, organizer)
        check_seats(len(given["client_ids"]), terms["capacity"])
        if by_client and service is not None:
            self.check_offered(service, organizer, terms["start_time"], besides=given["hold_id"])
        if terms["room_id"] is None and service is not None and service["room_ids"]:
            terms["room_id"] = self.room_for(service, place_of(terms), given["hold_id"])
        now, id = self._now(), new_id()
        waits = by_client and service is not None and service["needs_approval"]
        booking = {
            "id": id, **terms, "status": Status.PENDING if waits else Status.BOOKED, "booked_by": actor(), "cancelled_at": None, "cancelled_by": None,
            "cancel_reason": None, "unapproved": False, "sequence": 0, "series_id": None, "occurrence": None, "version": 1, "created_at": now,
            "updated_at": now,
        }  # fmt: skip
        clients = given["client_ids"]
        self._ask(booking, clients)
        place = place_of(booking)
        # An expired hold in the way refuses the first attempt, as any time that is taken does; the second finds it gone.
        self._placing.begin(place.subjects, sweep=self._stored.again)
        self._placing.clear(place, hold_id=given["hold_id"], by=actor())
        self._stored.add(booking, clients, place.blocked, vouched=by_client)
        self._reminders.plan([booking])
        events.bookings_created(booking_id=id)
        shown = {**booking, "client_ids": clients, "seats_taken": len(clients), "price": price_of(terms)}
        return own_view(shown) if by_client else shown

    def change(self, booking_id: UUID, changes: Mapping[str, Any], expected: int | None) -> Document:
        """Set the given fields. Raises NotFound, Stale, Invalid for who or what is not there, Conflict slot_taken, class_full, Refused for moving
        one that is over, noted_missing for taking out who did not come, and own_clients_only for more than their clients in a class of another's
        in which others take part whom the actor does not see, and for moving one that is over."""
        before = self.hold(booking_id, expected)
        changing = [name for name, value in changes.items() if name != "client_ids" and value != before[name]]
        check_change(self._stored, [before], changing, self._now())
        if "room_id" not in changes:
            changes = {**changes, **self._other_room(before, {**before, **changes})}
        after = {**before, **changes}
        check_moved(before, after)
        check_capacity(before, after)
        values = {name: value for name, value in changes.items() if name != "client_ids" and value != before[name]}
        wanted = None if changes.get("client_ids") is None else set(changes["client_ids"])
        if before["capacity"] > 1 and after["capacity"] == 1:
            self._turns.close([booking_id])
        self._expect(before, after)
        # Seats are given back before a class shrinks, and taken after it has grown.
        fewer = wanted is not None and len(wanted) < len(before["client_ids"])
        came, went = self._attend(before, wanted, after) if fewer else ([], [])
        if not PLACE.isdisjoint(values):
            self._move(before, after, values)
        if not ON_CALENDARS.isdisjoint(values):
            values["sequence"] = before["sequence"] + 1
        if not fewer:
            came, went = self._attend(before, wanted, after)
        if before["capacity"] > 1 and (came or went or after["capacity"] > before["capacity"] or "start_time" in values):
            self._turns.settle(booking_id)
        if not values and not came and not went:
            return self.read(booking_id)
        changed = self._stored.change(booking_id, {**values, "updated_at": self._now()})
        if changed is None:
            raise NotFound()
        events.bookings_updated(booking_id=booking_id)
        return changed

    def move(self, booking_id: UUID, before: Row, changes: Mapping[str, Any], *, vouched: bool = False) -> Document:
        """To another time, place or organizer; `before` is held. Raises Conflict slot_taken, Refused for one that is over."""
        values = {**changes, **self._other_room(before, {**before, **changes})}
        self._expect(before, {**before, **values})
        self._move(before, {**before, **values}, values)
        if before["capacity"] > 1 and values.get("start_time", before["start_time"]) != before["start_time"]:
            self._turns.settle(booking_id)  # of what has begun now no seat is offered
        changed = self._stored.change(booking_id, {**values, "vouched": vouched, "updated_at": self._now()})
        if changed is None:
            raise NotFound()
        return own_view(changed) if is_cliente() else changed

    def hold(self, booking_id: UUID, expected: int | None, *, unseen: bool = False) -> Row:
        """The booking, locked until the transaction ends. expected: the version the caller read, None or -1 for any; unseen: also one that the
        actor sees nothing of but what a client of theirs owes for it. Raises Stale, and NotFound also for a Cliente who was taken out."""
        held = self._stored.lock(booking_id)
        if held is None or (is_cliente() and not held["client_ids"]) or not (unseen or is_seen(held)):
            raise NotFound()
        if expected not in (None, -1, held["version"]):
            raise Stale() if is_seen(held) else NotFound()
        return held

    def reseated(self, booking_id: UUID) -> None:
        """Who comes, or how many seats are taken, is not what it was."""
        self._stored.reseated(booking_id, self._now())

    def check_stands(self, booking_id: UUID) -> None:
        """That what takes no time is not just called off. Raises Refused already_cancelled, NotFound for what the actor does not see at all."""
        moved(Status(self.read(booking_id)["status"]))

    def check_slot(self, before: Row, organizer: UUID, start: datetime) -> Row:
        """That a client may move there, as long as it is; its service. Raises Conflict slot_unavailable, Forbidden staff_only for what is no
        service, or not offered any more, or by somebody else."""
        if before["service_id"] is None:
            raise Forbidden("Ask the staff to move this.", code="staff_only")
        service = self._service(before["service_id"])
        if service["archived_at"] is not None or str(organizer) not in service["organizer_ids"]:
            raise Forbidden("Ask the staff to move this: it is not offered any more as it was booked.", code="staff_only")
        length: timedelta = before["end_time"] - before["start_time"]
        terms = {name: before[name] for name in ("buffer_before_minutes", "buffer_after_minutes")}
        terms["duration_minutes"] = length / timedelta(minutes=1)
        self.check_offered(service, organizer, start, besides=before["id"], terms=terms)
        return service

    def allow_self_service(self) -> None:
        """Raises Forbidden when clients do nothing for themselves here."""
        if is_cliente() and not self._settings()["self_service"]:
            raise Forbidden("Ask the staff: clients do not book for themselves here.", code="staff_only")

    def check_offered(
        self, service: Row, organizer: UUID, start: datetime, besides: UUID | None = None, terms: Mapping[str, Any] | None = None
    ) -> None:  # fmt: skip
        """That a client may book this start. besides: whose time does not count; terms: of an appointment there is, which stays one whatever
        the service is now. Raises Conflict slot_unavailable, join_instead, Forbidden staff_only."""
        if not service["self_service"]:
            raise Forbidden("Only the staff books this service.", code="staff_only")
        if service["capacity"] > 1 and terms is None:
            raise Conflict("Join one of its classes instead.", code="join_instead")
        check_in_time(service, start, self._now())
        if not self._availability.offers(service, organizer, start, besides=besides, terms=terms):
            raise Conflict("That time is not free, or not offered; look for another.", code="slot_unavailable")

    def room_for(self, service: Row, place: Place, besides: UUID | None = None) -> UUID:
        """A room of the service that is free then. Raises Conflict slot_taken. besides: whose time does not count."""
        found = self._placing.free_room(rooms_of(service), place, besides)
        if found is None:
            taken = {"start_time": place.start.isoformat(), "end_time": place.end.isoformat(), "resource": "room"}
            raise Conflict("None of the rooms for it is free then.", code="slot_taken", extra={"taken": taken})
        return found

    # -- inside ------------------------------------------------------------------------------------------------------
    def _other_room(self, before: Row, after: Mapping[str, Any]) -> dict[str, Any]:
        """Where it goes with its new time, when its room is not free then and another of its service is; nobody said which. Raises Conflict
        slot_taken for a room that is closed then, or archived."""
        if before["room_id"] is None or all(after[name] == before[name] for name in TIMES):
            return {}
        moved(Status(before["status"]))
        check_times(after["start_time"], after["end_time"])
        rooms = [] if before["service_id"] is None else rooms_of(self._service(before["service_id"]))
        found = self._placing.free_room([before["room_id"], *rooms], place_of(after), before["id"]) if rooms else None
        if found is None:
            self._placing.check_open(place_of(after))
        return {} if found in (None, before["room_id"]) else {"room_id": found}

    def _expect(self, before: Row, after: Mapping[str, Any]) -> None:
        if missed_in_vain(before, after, self._now()):
            self._stored.excuse([before["id"]])

    def _move(self, before: Row, after: Mapping[str, Any], values: dict[str, Any]) -> None:
        moved(Status(before["status"]))
        check_times(after["start_time"], after["end_time"])
        check_kept(before, after)
        id, clients = before["id"], before["client_ids"]
        if "start_time" in values or "end_time" in values:
            self._ask(after, clients)
        self._placing.move(id, place_of(before), place_of(after))
        values["sequence"] = before["sequence"] + 1
        if any(after[name] != before[name] for name in TIMES):
            values["room_id"] = after["room_id"]  # to be looked up: nothing moves in one that is archived
            self._reminders.plan([after])
            events.bookings_rescheduled(booking_id=id, from_start=before["start_time"], to_start=after["start_time"])
        if after["organizer_id"] != before["organizer_id"]:
            events.bookings_reassigned(booking_id=id, from_user=before["organizer_id"], to_user=after["organizer_id"])

    def _attend(self, before: Row, wanted: set[UUID] | None, after: Mapping[str, Any]) -> tuple[list[UUID], list[UUID]]:
        """Who is new, and who is not coming any more."""
        if wanted is None:
            return [], []
        check_seats(len(wanted), after["capacity"])
        came, went = sorted(wanted - set(before["client_ids"])), sorted(set(before["client_ids"]) - wanted)
        if came or went:
            moved(Status(before["status"]))
        if came:
            self._ask(after, came)
            self._stored.attend(before["id"], came, self._now())
            if before["capacity"] > 1:
                self._turns.forget([before["id"]], came)
        if went:
            check_left(self._stored.leave(before["id"], went, self._now()), len(went))
        for client in came:
            events.bookings_joined(booking_id=before["id"], client_id=client)
        for client in went:
            events.bookings_left(booking_id=before["id"], client_id=client)
        if len(came) != len(went):
            self._placing.reseat(before["id"], len(came) - len(went))
        return came, went

    def _service(self, service_id: UUID) -> Row:
        found = self._catalogue.service(service_id)
        if found is None:
            raise Invalid(code="invalid_reference", errors=[Fault("/service_id", "No such service in this workspace.")])
        return found

    def _themself(self, given: Mapping[str, Any]) -> list[UUID]:
        self.allow_self_service()
        own = own_client()
        if given["client_ids"] not in ([], [own]):
            raise Forbidden("You book for yourself.")
        check_asked_by_client(given)
        return [own]

    @staticmethod
    def _ask(booking: Mapping[str, Any], clients: list[UUID]) -> None:
        events.bookings_validate(
            booking_id=booking["id"], client_ids=clients, organizer_id=booking["organizer_id"], service_id=booking["service_id"],
            start_time=booking["start_time"], end_time=booking["end_time"],
        )  # fmt: skip
