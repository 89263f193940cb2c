"""The bookings plugin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from plugins.bookings import events
from plugins.bookings.service import Service
from plugins.bookings.service.availability import Availability
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.classes import Classes
from plugins.bookings.service.feeds import Feeds
from plugins.bookings.service.holds import Holds
from plugins.bookings.service.imports import Imports
from plugins.bookings.service.kpis import Kpis
from plugins.bookings.service.leaving import Leaving
from plugins.bookings.service.offering import Offering
from plugins.bookings.service.outcomes import Outcomes
from plugins.bookings.service.page import BookingPage
from plugins.bookings.service.people import People
from plugins.bookings.service.personal import Personal
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.queue import Queue
from plugins.bookings.service.reminders import Reminders
from plugins.bookings.service.schedules import Schedules
from plugins.bookings.service.scopes import Scopes
from plugins.bookings.service.series import Series
from plugins.bookings.service.turns import Turns
from plugins.bookings.service.views import Views
from plugins.sdk import EVERYONE, STAFF, Plugin, Provided, Role, Schema, fields, ma, validate, work


class BookingsSettings(Schema):
    """Settings of the module."""

    hold_minutes = fields.Integer(
        load_default=5, validate=validate.Range(1, 60), metadata={"description": "How long a held slot waits for its booking.", "example": 5}
    )
    offer_minutes = fields.Integer(
        load_default=60, validate=validate.Range(5, 1440),
        metadata={"description": "How long a free seat is offered to the first in a class's queue, at most until it starts.", "example": 60},
    )  # fmt: skip
    reminders = fields.List(
        fields.Integer(validate=validate.Range(5, 43_200)), load_default=lambda: [1440], max_items=5,
        metadata={"description": "So many minutes before the start everybody who comes gets a letter; at most 5 times.", "example": [1440]},
    )  # fmt: skip
    remind_organizer = fields.Boolean(load_default=False, metadata={"description": "Whether whose time it is gets those letters too."})
    self_service = fields.Boolean(load_default=True, metadata={"description": "Whether clients may book, move and cancel for themselves."})
    public_page = fields.Boolean(
        load_default=False,
        metadata={"description": "Whether strangers see the services marked `public`, and when they are free, under a verified domain."},
    )


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
    mounts=("/ical",),
    tables=("bookings",),
    settings=BookingsSettings,
    default=True,
)  # fmt: skip


def _settings() -> dict[str, Any]:
    return plugin.config


def _filled(stored: Mapping[str, Any]) -> dict[str, Any]:
    """As `plugin.config`, of a workspace in which nobody acts."""
    return dict(BookingsSettings().load(stored, unknown=ma.EXCLUDE))


class _Notices:
    """plugins.bookings.ports.queue.Notices: tasks of this plugin, by name, for they are an edge and declare themselves here."""

    def offered(self, booking_id: UUID, place_id: UUID, until: datetime) -> None:
        plugin.tasks["place_offered"](place_id=place_id)
        plugin.tasks["pass_on"].schedule({"booking_id": booking_id, "until": until}, at=until)


class _Later:
    """plugins.bookings.ports.reminders.Later."""

    def remind(self, booking_id: UUID, start: datetime, minutes: int, at: datetime) -> None:
        values = {"booking_id": booking_id, "start": start, "minutes": minutes}
        plugin.tasks["remind"].schedule(values, at=at, unique=f"remind:{booking_id}:{start.isoformat()}:{minutes}")

    def letter(self, booking_id: UUID, start: datetime, minutes: int, client_id: UUID | None) -> None:
        values = {"booking_id": booking_id, "start": start, "client_id": client_id, "minutes": minutes}
        plugin.tasks["reminder"].schedule(values, unique=f"reminder:{booking_id}:{start.isoformat()}:{minutes}:{client_id}")


def build(ports: Provided) -> Service:
    """The use cases on the adapters chosen by configuration."""
    stored, now = ports.repository, ports.clock.now
    placing = Placing(stored=stored.times, now=now)
    availability = Availability(stored=stored.free, cache=ports.cache, now=now)
    reminders = Reminders(stored=stored.reminders, later=_Later(), settings=_settings, now=now)
    turns = Turns(stored=stored.queue, notices=_Notices(), settings=_settings, now=now)
    booking = Booking(
        stored=stored.bookings, placing=placing, turns=turns, catalogue=stored.offering, availability=availability, reminders=reminders,
        settings=_settings, now=now,
    )  # fmt: skip
    classes = Classes(stored=stored.bookings, placing=placing, booking=booking, turns=turns, catalogue=stored.offering, now=now)
    return Service(
        offering=Offering(stored=stored.offering, settings=_settings, now=now),
        schedules=Schedules(stored=stored.schedules, now=now),
        availability=availability,
        holds=Holds(stored=stored.times, placing=placing, booking=booking, catalogue=stored.offering, settings=_settings, now=now),
        booking=booking,
        outcomes=Outcomes(stored=stored.bookings, placing=placing, booking=booking, turns=turns, reminders=reminders, now=now),
        classes=classes,
        turns=turns,
        queue=Queue(stored=stored.queue, bookings=stored.bookings, turns=turns, classes=classes, booking=booking, now=now),
        reminders=reminders,
        page=BookingPage(stored=stored.page, hosts=ports.hosts, availability=availability, filled=_filled),
        people=People(stored=stored.people, turns=turns, now=now),
        leaving=Leaving(stored=stored.leaving, series=stored.series, placing=placing, now=now),
        personal=Personal(stored=stored.personal),
        kpis=Kpis(stored=stored.kpis, free=stored.free, calendar=stored.bookings, now=now),
        views=Views(stored=stored.bookings, now=now),
        series=Series(stored=stored.series, placing=placing, catalogue=stored.offering, calendar=stored.bookings, reminders=reminders, now=now),
        scopes=Scopes(
            series=stored.series, bookings=stored.bookings, placing=placing, turns=turns, catalogue=stored.offering, reminders=reminders, now=now
        ),
        feeds=Feeds(stored=stored.feeds, capabilities=ports.capabilities, cache=ports.cache, own_url=ports.own_url, now=now),
        imports=Imports(stored=stored.imports, http=ports.public_outbound, encryption=ports.encryption, transaction=work, now=now),
    )
