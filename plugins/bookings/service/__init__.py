"""The use cases of bookings, by family."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.bookings.service.availability import Availability
from plugins.bookings.service.booking import Booking
from plugins.bookings.service.classes import Classes
from plugins.bookings.service.feeds import Feeds
from plugins.bookings.service.holds import Holds
from plugins.bookings.service.imports import Imports
from plugins.bookings.service.offering import Offering
from plugins.bookings.service.outcomes import Outcomes
from plugins.bookings.service.schedules import Schedules
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
    views: Views
    feeds: Feeds
    imports: Imports
