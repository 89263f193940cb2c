"""The use cases of bookings, by family."""

from __future__ import annotations

from dataclasses import dataclass

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
from plugins.bookings.service.queue import Queue
from plugins.bookings.service.reminders import Reminders
from plugins.bookings.service.schedules import Schedules
from plugins.bookings.service.scopes import Scopes
from plugins.bookings.service.series import Series
from plugins.bookings.service.turns import Turns
from plugins.bookings.service.views import Views


@dataclass(frozen=True, slots=True)
class Service:
    """Everything this plugin can do."""

    offering: Offering
    schedules: Schedules
    availability: Availability
    holds: Holds
    booking: Booking
    outcomes: Outcomes
    classes: Classes
    turns: Turns
    queue: Queue
    reminders: Reminders
    page: BookingPage
    people: People
    leaving: Leaving
    kpis: Kpis
    personal: Personal
    views: Views
    series: Series
    scopes: Scopes
    feeds: Feeds
    imports: Imports
