"""Bookings: the calendar of a workspace, its services, rooms and hours."""
