"""The bookings plugin."""

from __future__ import annotations

from typing import Any

from plugins.bookings import events
from plugins.bookings.service import Service
from plugins.bookings.service.availability import Availability
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.classes import Classes
from plugins.bookings.service.feeds import Feeds
from plugins.bookings.service.holds import Holds
from plugins.bookings.service.imports import Imports
from plugins.bookings.service.offering import Offering
from plugins.bookings.service.outcomes import Outcomes
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.schedules import Schedules
from plugins.bookings.service.views import Views
from plugins.sdk import EVERYONE, STAFF, Plugin, Provided, Role, Schema, fields, validate, work


class BookingsSettings(Schema):
    """Settings of the module."""

    hold_minutes = fields.Integer(
        load_default=5, validate=validate.Range(1, 60), metadata={"description": "How long a held slot waits for its booking.", "example": 5}
    )
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
        events.bookings_left,
    ),
    mounts=("/ical",),
    tables=("bookings",),
    settings=BookingsSettings,
    default=True,
)  # fmt: skip


def _settings() -> dict[str, Any]:
    return plugin.config


def build(ports: Provided) -> Service:
    """The use cases on the adapters chosen by configuration."""
    stored, now = ports.repository, ports.clock.now
    placing = Placing(stored=stored.times, now=now)
    availability = Availability(stored=stored.free, cache=ports.cache, now=now)
    booking = Booking(
        stored=stored.bookings, placing=placing, catalogue=stored.offering, availability=availability, settings=_settings, now=now
    )  # fmt: skip
    return Service(
        offering=Offering(stored=stored.offering, now=now),
        schedules=Schedules(stored=stored.schedules, now=now),
        availability=availability,
        holds=Holds(stored=stored.times, placing=placing, booking=booking, catalogue=stored.offering, settings=_settings, now=now),
        booking=booking,
        outcomes=Outcomes(stored=stored.bookings, placing=placing, booking=booking, now=now),
        classes=Classes(stored=stored.bookings, placing=placing, booking=booking, catalogue=stored.offering, now=now),
        views=Views(stored=stored.bookings, now=now),
        feeds=Feeds(stored=stored.feeds, capabilities=ports.capabilities, cache=ports.cache, own_url=ports.own_url, now=now),
        imports=Imports(stored=stored.imports, http=ports.public_outbound, encryption=ports.encryption, transaction=work, now=now),
    )
