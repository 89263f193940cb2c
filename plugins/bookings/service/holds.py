"""Holding a slot while its booking is written: for some minutes it is nobody else's, and then free again by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.errors import Conflict, Fault, Invalid, NotFound
from kernel.ids import new_id
from plugins.bookings.domain.place import Place
from plugins.bookings.domain.policy import MOST_HELD
from plugins.bookings.ports.offering import Catalogue
from plugins.bookings.ports.times import Times
from plugins.bookings.service.actors import actor, is_cliente
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.placing import Placing


class Holds:
    """The holds of whoever acts. now: the time, aware, in UTC; settings: the module's."""

    def __init__(
        self, *, stored: Times, placing: Placing, booking: Booking, catalogue: Catalogue, settings: Callable[[], Mapping[str, Any]],
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._stored = stored
        self._placing = placing
        self._booking = booking
        self._catalogue = catalogue
        self._settings = settings
        self._now = now

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Hold a start of a service for `hold_minutes`. Raises Conflict slot_taken, slot_unavailable, too_many_holds, service_archived,
        Invalid for a time that is past and who is no staff."""
        service = self._catalogue.service(given["service_id"])
        if service is None:
            raise Invalid(code="invalid_reference", errors=[Fault("/service_id", "No such service in this workspace.")])
        start, organizer = given["start_time"], given["organizer_id"]
        if service["capacity"] > 1:
            raise Conflict("Join one of its classes instead.", code="join_instead")
        if service["archived_at"] is not None:
            raise Conflict("That service is not offered any more.", code="service_archived")
        by_client = is_cliente()
        if by_client:
            self._booking.allow_self_service()
            self._booking.check_offered(service, organizer, start)
        elif start < self._now():
            raise Invalid(errors=[Fault("/start_time", "That time is past.")])
        end = start + timedelta(minutes=service["duration_minutes"])
        before, after = service["buffer_before_minutes"], service["buffer_after_minutes"]
        place = Place(organizer, None, start, end, before, after, service["id"])
        if service["room_ids"]:
            place = Place(organizer, self._booking.room_for(service, place), start, end, before, after, service["id"])
        id, until = new_id(), self._now() + timedelta(minutes=self._settings()["hold_minutes"])
        self._placing.hold(id, place, until, actor(), MOST_HELD[by_client], vouched=by_client)
        return {
            "id": id, "service_id": service["id"], "organizer_id": organizer, "room_id": place.room_id, "start_time": start, "end_time": end,
            "expires_at": until,
        }  # fmt: skip

    def end(self, hold_id: UUID) -> None:
        """Let it go. Raises NotFound for somebody else's, or one that is over."""
        if not self._stored.let_go(hold_id, actor()):
            raise NotFound()
