"""Bookings over HTTP."""

from __future__ import annotations

from plugins.bookings.resources import availability, bookings, feeds, imports, kpis, offering, outcomes, page, queue, schedules, series

__all__ = ["availability", "bookings", "feeds", "imports", "kpis", "offering", "outcomes", "page", "queue", "schedules", "series"]
