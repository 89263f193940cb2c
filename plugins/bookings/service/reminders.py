"""Reminders of what is booked. A booking has one timer, for its next reminder; what it finds changed when it rings, it leaves alone.

Only what is near has one: it is set with what is booked, approved or moved, or by a look ahead every few hours, which tells also what nobody
was there to tell. Booking something for next week so costs nothing here. Timers are set anew when the setting changes and when the module is
switched on: another offset may be next, and a timer that rang while it was off was not heard. Letters that waited then are written, but for
those that a later reminder says as much as.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from plugins.bookings.domain.booking import Status
from plugins.bookings.ports.reminders import Later
from plugins.bookings.ports.reminders import Reminders as Stored
from ports.persistence import Row

_AT_ONCE: Final = 200
_AHEAD: Final = timedelta(hours=12)
"""How near a reminder is that has a timer: twice the time from one look ahead to the next, so that one may fail or come late."""


class Reminders:
    """Once for each booking, offset and start: a booking that moves is reminded of anew, one that is called off not at all. now: the time,
    aware, in UTC; settings: the module's."""

    def __init__(self, *, stored: Stored, later: Later, settings: Callable[[], Mapping[str, Any]], now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._later = later
        self._settings = settings
        self._now = now

    def plan(self, bookings: Iterable[Mapping[str, Any]]) -> None:
        """Set the timers for the next reminder of what was just booked, approved or moved, where it stands and that is near. What became due
        before is over: whoever booked just now knows."""
        offsets = self._settings()["reminders"]
        for booking in bookings:
            if booking["status"] == Status.BOOKED:
                self._next(booking["id"], booking["start_time"], offsets)

    def renew(self, *, missed: bool) -> Iterator[None]:
        """Set the timers of what is near, some after each step, any number of times. missed: what nobody was there to tell is told now; if not,
        what the setting says now and did not before is no reason to write to anybody of what would have been due already."""
        yield from self._each(self._tell if missed else self._skip)

    def ring(self, booking_id: UUID, start: datetime, minutes: int) -> None:
        """Have everybody written to, unless it was moved, called off, has begun, they were already, or the setting does not say so any more."""
        found = self._stored.standing(booking_id)
        if found is None or not self._stands(found, start):
            return
        offsets, now = self._settings()["reminders"], self._now()
        if minutes in offsets:  # late, it is the last that became due meanwhile
            self._tell(found, min([minutes, *(each for each in offsets if start - timedelta(minutes=each) <= now)]))
        self._next(booking_id, start, [each for each in offsets if each < minutes])  # whatever the time is: clocks differ

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
    def _each(self, catch_up: Callable[[Row, int], None]) -> Iterator[None]:
        offsets = self._settings()["reminders"]
        since, after = self._now(), None
        until = since + _AHEAD + timedelta(minutes=max(offsets, default=0))
        while offsets and (rows := self._stored.upcoming(since, until, after, _AT_ONCE)):
            for row in rows:
                if (minutes := self._overdue(row, offsets)) is not None:
                    catch_up(row, minutes)
                self._next(row["id"], row["start_time"], offsets)
            after = rows[-1]["start_time"], rows[-1]["id"]
            yield

    def _stands(self, booking: Row, start: datetime) -> bool:
        begins: datetime = booking["start_time"]
        return booking["status"] == Status.BOOKED and self._now() < begins == start

    def _overdue(self, booking: Row, offsets: Collection[int]) -> int | None:
        """The last reminder that became due since it is known when this is, if none was sent that says as much as all of them."""
        now, start = self._now(), booking["start_time"]
        due = [minutes for minutes in offsets if booking["settled_at"] < start - timedelta(minutes=minutes) <= now]
        return min(due) if due and not _over(booking, min(due)) else None

    def _skip(self, booking: Row, minutes: int) -> None:
        self._stored.pass_over(booking["id"], booking["start_time"], minutes)

    def _tell(self, booking: Row, minutes: int) -> None:
        if _over(booking, minutes):
            return
        id, start = booking["id"], booking["start_time"]
        for each in self._stored.reachable(id):
            self._later.letter(id, start, minutes, each["client_id"])
        if self._settings()["remind_organizer"]:
            self._later.letter(id, start, minutes, None)
        self._stored.pass_over(id, start, minutes)

    def _next(self, booking_id: UUID, start: datetime, offsets: Collection[int]) -> None:
        now = self._now()
        for minutes in sorted(offsets, reverse=True):
            if (at := start - timedelta(minutes=minutes)) > now:
                if at <= now + _AHEAD:
                    self._later.remind(booking_id, start, minutes, at)
                return


def _over(booking: Row, minutes: int) -> bool:
    return bool(booking["over"] is not None and booking["over"] <= minutes)
