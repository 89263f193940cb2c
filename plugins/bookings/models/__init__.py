"""Tables of bookings."""

from __future__ import annotations

from plugins.bookings.models import booked, calendars, offered

__all__ = ["booked", "calendars", "offered"]
