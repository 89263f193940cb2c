"""Bookings over HTTP."""

from __future__ import annotations

from plugins.bookings.resources import availability, bookings, offering, outcomes, queue, schedules, series

__all__ = ["availability", "bookings", "offering", "outcomes", "queue", "schedules", "series"]
