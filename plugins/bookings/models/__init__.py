"""Tables of bookings."""

from __future__ import annotations

from plugins.bookings.models import booked, offered, queue

__all__ = ["booked", "offered", "queue"]
