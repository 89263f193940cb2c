"""Reminders of what is booked. Each booking has one timer, for its next reminder; what it finds changed when it rings, it leaves alone.

Timers are set anew when the setting changes and when the module is switched on: another offset may be next, and a timer that rang while it
was off was not heard. Letters that waited then are written, but for those that a later reminder says as much as.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from plugins.bookings.ports.reminders import Later
from plugins.bookings.ports.reminders import Reminders as Stored
from ports.persistence import Row

_AT_ONCE: Final = 200


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
            self._make_up(found)
            self._next(booking_id, found["start_time"])

    def renew(self, *, missed: bool) -> Iterator[None]:
        """Set the timers of all that is to come, some after each step. missed: nobody was reminded for a while, so they are told now."""
        since, after = self._now(), None
        while rows := self._stored.upcoming(since, after, _AT_ONCE):
            for row in rows:
                if missed:
                    self._make_up(row)
                self._next(row["id"], row["start_time"])
            after = rows[-1]["start_time"], rows[-1]["id"]
            yield

    def ring(self, booking_id: UUID, start: datetime, minutes: int) -> None:
        """Have everybody written to, unless it was moved, called off, has begun, they were already, or the setting does not say so any more."""
        found = self._standing(booking_id, start)
        if found is None:
            return
        if minutes in self._settings()["reminders"]:
            self._tell(found, minutes)
        self._next(booking_id, start, below=minutes)

    def letter(self, booking_id: UUID, start: datetime, client_id: UUID | None, minutes: int) -> dict[str, Any] | None:
        """What to write to whom, times on the workspace's clocks; None when it is not to be any more, or a later reminder took its place.

        Where it is online the link leads there for clients who joined. For others it is shown lifeless: whoever typed their address may have
        made them a client for that alone.
        """
        found = self._stored.organizer(booking_id) if client_id is None else self._stored.client(booking_id, client_id)
        if found is None or not self._stands(found, start) or (found["over"] is not None and found["over"] < minutes):
            return None
        zone = ZoneInfo(found["timezone"])
        leads = found["joined"] and found["location_kind"] == "online"
        where = found["location"] or ""
        return {
            "email": found["email"], "full_name": found["full_name"], "title": found["title"],
            "location": "" if leads else where, "link": where if leads else "",
            "start": f"{found['start_time'].astimezone(zone):%Y-%m-%d %H:%M}", "zone": zone.key,
        }  # fmt: skip

    # -- inside ------------------------------------------------------------------------------------------------------
    def _standing(self, booking_id: UUID, start: datetime | None) -> Row | None:
        found = self._stored.standing(booking_id)
        return found if found is not None and self._stands(found, start) else None

    def _stands(self, booking: Row, start: datetime | None) -> bool:
        return booking["status"] == "booked" and booking["start_time"] > self._now() and start in (None, booking["start_time"])

    def _make_up(self, booking: Row) -> None:
        """The last reminder that became due since the booking was made or changed, and was not sent: one says as much as all of them."""
        now, start = self._now(), booking["start_time"]
        due = [minutes for minutes in self._settings()["reminders"] if booking["updated_at"] < start - timedelta(minutes=minutes) <= now]
        if due:
            self._tell(booking, min(due))

    def _tell(self, booking: Row, minutes: int) -> None:
        if booking["over"] is not None and booking["over"] <= minutes:
            return
        id, start = booking["id"], booking["start_time"]
        for each in self._stored.reachable(id):
            self._later.letter(id, start, minutes, each["client_id"])
        if self._settings()["remind_organizer"]:
            self._later.letter(id, start, minutes, None)
        self._stored.pass_over(id, start, minutes)

    def _next(self, booking_id: UUID, start: datetime, below: int | None = None) -> None:
        # Below what rang, whatever the time is: clocks of this machine and of the database differ.
        now = self._now()
        for minutes in sorted(self._settings()["reminders"], reverse=True):
            if (below is None or minutes < below) and (at := start - timedelta(minutes=minutes)) > now:
                self._later.remind(booking_id, start, minutes, at)
                return
