"""Storage in PostgreSQL, by family."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.bookings.repository.bookings import Bookings
from plugins.bookings.repository.feeds import Feeds
from plugins.bookings.repository.free import Free
from plugins.bookings.repository.imports import Imports
from plugins.bookings.repository.offering import Offering
from plugins.bookings.repository.schedules import Schedules
from plugins.bookings.repository.times import Times


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything stored by this plugin."""

    bookings: Bookings = field(default_factory=Bookings)
    times: Times = field(default_factory=Times)
    offering: Offering = field(default_factory=Offering)
    schedules: Schedules = field(default_factory=Schedules)
    free: Free = field(default_factory=Free)
    feeds: Feeds = field(default_factory=Feeds)
    imports: Imports = field(default_factory=Imports)
