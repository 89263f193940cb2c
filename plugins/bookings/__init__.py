"""Bookings: services, rooms, working hours, availability, appointments and classes, and who comes.

Owns the calendar. Tells when something is booked, moved, cancelled, completed or missed; asks others before it books (`bookings_validate`).
Strangers see services and free times under a workspace's verified domain, once its Owner opened that page, and never whose they are.
"""
