"""The bookings plugin."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from plugins.bookings import events
from plugins.bookings.service import Service
from plugins.bookings.service.availability import Availability
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.classes import Classes
from plugins.bookings.service.holds import Holds
from plugins.bookings.service.offering import Offering
from plugins.bookings.service.outcomes import Outcomes
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.queue import Queue
from plugins.bookings.service.schedules import Schedules
from plugins.bookings.service.turns import Turns
from plugins.bookings.service.views import Views
from plugins.sdk import EVERYONE, STAFF, Plugin, Provided, Role, Schema, fields, validate


class BookingsSettings(Schema):
    """Settings of the module."""

    hold_minutes = fields.Integer(
        load_default=5, validate=validate.Range(1, 60), metadata={"description": "How long a held slot waits for its booking.", "example": 5}
    )
    offer_minutes = fields.Integer(
        load_default=60, validate=validate.Range(5, 1440),
        metadata={"description": "How long a free seat is offered to the first in a class's queue, at most until it starts.", "example": 60},
    )  # fmt: skip
    self_service = fields.Boolean(load_default=True, metadata={"description": "Whether clients may book, move and cancel for themselves."})


plugin = Plugin(
    "bookings",
    api=1,
    title="Bookings",
    description="Services, working hours, availability, appointments and classes.",
    requires=("clients",),
    permissions={"read": EVERYONE, "book": EVERYONE, "write": STAFF, "configure": (Role.OWNER,)},
    hooks=(
        events.bookings_validate, events.bookings_created, events.bookings_approved, events.bookings_rescheduled, events.bookings_reassigned,
        events.bookings_updated, events.bookings_cancelled, events.bookings_completed, events.bookings_no_show, events.bookings_joined,
        events.bookings_left, events.bookings_queued, events.bookings_dequeued, events.bookings_promoted,
    ),
    tables=("bookings",),
    settings=BookingsSettings,
    default=True,
)  # fmt: skip


def _settings() -> dict[str, Any]:
    return plugin.config


class _Notices:
    """plugins.bookings.ports.queue.Notices: tasks of this plugin, by name, for they are an edge and declare themselves here."""

    def offered(self, booking_id: UUID, place_id: UUID, until: datetime) -> None:
        plugin.tasks["place_offered"](place_id=place_id)
        plugin.tasks["pass_on"].schedule({"booking_id": booking_id}, at=until)


def build(ports: Provided) -> Service:
    """The use cases on the adapters chosen by configuration."""
    stored, now = ports.repository, ports.clock.now
    placing = Placing(stored=stored.times, now=now)
    availability = Availability(stored=stored.free, cache=ports.cache, now=now)
    turns = Turns(stored=stored.queue, notices=_Notices(), settings=_settings, now=now)
    booking = Booking(
        stored=stored.bookings, placing=placing, turns=turns, catalogue=stored.offering, availability=availability, settings=_settings, now=now
    )  # fmt: skip
    classes = Classes(stored=stored.bookings, placing=placing, booking=booking, turns=turns, catalogue=stored.offering, now=now)
    return Service(
        offering=Offering(stored=stored.offering, now=now),
        schedules=Schedules(stored=stored.schedules, now=now),
        availability=availability,
        holds=Holds(stored=stored.times, placing=placing, booking=booking, catalogue=stored.offering, settings=_settings, now=now),
        booking=booking,
        outcomes=Outcomes(stored=stored.bookings, placing=placing, booking=booking, turns=turns, now=now),
        classes=classes,
        turns=turns,
        queue=Queue(stored=stored.queue, bookings=stored.bookings, turns=turns, classes=classes, booking=booking, now=now),
        views=Views(stored=stored.bookings, now=now),
    )
