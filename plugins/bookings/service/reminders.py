"""Reminders of what is booked. Each booking has one timer, for its next reminder; what it finds changed when it rings, it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from plugins.bookings.ports.reminders import Later
from plugins.bookings.ports.reminders import Reminders as Stored
from ports.persistence import Row


class Reminders:
    """Once for each booking, offset and start: a booking that moves is reminded of anew, one that is called off not at all. now: the time,
    aware, in UTC; settings: the module's."""

    def __init__(self, *, stored: Stored, later: Later, settings: Callable[[], Mapping[str, Any]], now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._later = later
        self._settings = settings
        self._now = now

    def plan(self, booking_id: UUID) -> None:
        """Set the timer for the next reminder, when there is one to come. What became due before is over: whoever booked just now knows."""
        found = self._standing(booking_id, None)
        if found is not None:
            self._next(booking_id, found["start_time"])

    def ring(self, booking_id: UUID, start: datetime, minutes: int) -> None:
        """Have everybody written to, unless it was moved, called off, has begun, or the setting does not say so any more."""
        if self._standing(booking_id, start) is None:
            return
        settings = self._settings()
        if minutes in settings["reminders"]:
            for each in self._stored.reachable(booking_id):
                self._later.letter(booking_id, start, minutes, each["client_id"])
            if settings["remind_organizer"]:
                self._later.letter(booking_id, start, minutes, None)
        self._next(booking_id, start, below=minutes)

    def letter(self, booking_id: UUID, start: datetime, client_id: UUID | None) -> dict[str, Any] | None:
        """What to write to whom, times on the workspace's clocks; None when it is not to be any more."""
        found = self._stored.organizer(booking_id) if client_id is None else self._stored.client(booking_id, client_id)
        if found is None or not self._stands(found, start):
            return None
        zone = ZoneInfo(found["timezone"])
        return {
            "email": found["email"], "full_name": found["full_name"], "title": found["title"], "location": found["location"] or "",
            "start": f"{found['start_time'].astimezone(zone):%Y-%m-%d %H:%M}", "zone": zone.key,
        }  # fmt: skip

    # -- inside ------------------------------------------------------------------------------------------------------
    def _standing(self, booking_id: UUID, start: datetime | None) -> Row | None:
        found = self._stored.standing(booking_id)
        return found if found is not None and self._stands(found, start) else None

    def _stands(self, booking: Row, start: datetime | None) -> bool:
        return booking["status"] == "booked" and booking["start_time"] > self._now() and start in (None, booking["start_time"])

    def _next(self, booking_id: UUID, start: datetime, below: int | None = None) -> None:
        # Below what rang, whatever the time is: clocks of this machine and of the database differ.
        now = self._now()
        for minutes in sorted(self._settings()["reminders"], reverse=True):
            if (below is None or minutes < below) and (at := start - timedelta(minutes=minutes)) > now:
                self._later.remind(booking_id, start, minutes, at)
                return
