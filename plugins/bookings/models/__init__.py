"""Tables of bookings."""

from __future__ import annotations

from plugins.bookings.models import booked, offered, queue, series

__all__ = ["booked", "offered", "queue", "series"]
