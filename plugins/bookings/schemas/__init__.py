"""Bookings over the wire."""
