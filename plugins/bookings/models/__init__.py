"""Tables of bookings."""

from __future__ import annotations

from plugins.bookings.models import booked, calendars, offered, queue, series

__all__ = ["booked", "calendars", "offered", "queue", "series"]
