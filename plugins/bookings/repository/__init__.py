"""Storage in PostgreSQL, by family."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.bookings.repository.bookings import Bookings
from plugins.bookings.repository.feeds import Feeds
from plugins.bookings.repository.free import Free
from plugins.bookings.repository.imports import Imports
from plugins.bookings.repository.kpis import Kpis
from plugins.bookings.repository.leaving import Leaving
from plugins.bookings.repository.offering import Offering
from plugins.bookings.repository.page import Page
from plugins.bookings.repository.people import People
from plugins.bookings.repository.personal import Personal
from plugins.bookings.repository.queue import Queue
from plugins.bookings.repository.reminders import Reminders
from plugins.bookings.repository.schedules import Schedules
from plugins.bookings.repository.series import Series
from plugins.bookings.repository.times import Times


@dataclass(frozen=True, slots=True)
class Repository:
    """Everything stored by this plugin."""

    bookings: Bookings = field(default_factory=Bookings)
    times: Times = field(default_factory=Times)
    offering: Offering = field(default_factory=Offering)
    queue: Queue = field(default_factory=Queue)
    reminders: Reminders = field(default_factory=Reminders)
    page: Page = field(default_factory=Page)
    people: People = field(default_factory=People)
    leaving: Leaving = field(default_factory=Leaving)
    kpis: Kpis = field(default_factory=Kpis)
    personal: Personal = field(default_factory=Personal)
    schedules: Schedules = field(default_factory=Schedules)
    free: Free = field(default_factory=Free)
    series: Series = field(default_factory=Series)
    feeds: Feeds = field(default_factory=Feeds)
    imports: Imports = field(default_factory=Imports)
