"""Figures of a period, for each collaborator and together: how much of the open time was booked, who came and who did not.

Hours are taken as they stand now. Booked is what is booked, completed or missed, without buffers, wherever it lies: also outside the hours, so
that more can be booked than is available. Calendars elsewhere count as neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.context import current
from kernel.errors import Fault, Forbidden, Invalid
from kernel.intervals import Interval
from plugins.bookings.domain.booking import Status
from plugins.bookings.domain.hours import total_minutes
from plugins.bookings.domain.kpis import available, rate
from plugins.bookings.domain.zones import YEARS, day_bounds
from plugins.bookings.ports.calendar import Calendar
from plugins.bookings.ports.free import Free
from plugins.bookings.ports.kpis import Kpis as Stored
from plugins.bookings.service.actors import actor
from plugins.bookings.service.availability import rules_of
from ports.persistence import Row

LONGEST: Final = 366
"""Days in a period."""
_TOOK_TIME: Final = (Status.BOOKED, Status.COMPLETED, Status.NO_SHOW)
_ATTENDANCE: Final = ("attended", "missed", "unmarked", "left_late", "clients", "returning")
_NOBODY: Final[Mapping[str, int]] = dict.fromkeys(_ATTENDANCE, 0)


class Kpis:
    """Of the current workspace, as far as the actor sees it. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Stored, free: Free, calendar: Calendar, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._free = free
        self._calendar = calendar
        self._now = now

    def of(self, first: date, last: date, organizer: UUID | None, tz: str | None) -> dict[str, Any]:
        """Both days included, in the zone named or the workspace's. A collaborator limited to their own clients sees themselves alone.

        Raises Invalid for days that are no period and nobody's id, Forbidden for another's figures.
        """
        if last < first or (last - first).days >= LONGEST:
            raise Invalid(errors=[Fault("?to", f"At least from, and at most {LONGEST} days with it.")])
        if first.year not in YEARS or last.year not in YEARS:
            raise Invalid(errors=[Fault("?from", f"Must lie in the years {YEARS[0]} to {YEARS[-1]}.")])
        only = self._whose(organizer)
        home = ZoneInfo(self._calendar.calendar()["timezone"])
        zone = ZoneInfo(tz) if tz else home
        span = Interval(day_bounds(first, zone).start, day_bounds(last, zone).end)
        people = self._stored.people(span, only)
        if organizer is not None and not people:
            raise Invalid(code="invalid_reference", errors=[Fault("?organizer", "No such Owner or Colaborador in this workspace.")])
        ids = [row["id"] for row in people]
        opened, booked = self._available(ids, home, span), self._stored.booked(ids, span)
        attendance = {row["organizer_id"]: row for row in self._stored.attendance(ids, span, self._now())}
        each = [
            {
                "organizer_id": row["id"], "full_name": row["full_name"],
                **_figures(opened[row["id"]], [b for b in booked if b["organizer_id"] == row["id"]], attendance.get(row["id"], _NOBODY)),
            }
            for row in people
        ]  # fmt: skip
        total = _figures(sum(opened.values()), booked, attendance.get(None, _NOBODY))
        return {"from": first, "to": last, "timezone": zone.key, "total": total, "collaborators": each}

    # -- inside ------------------------------------------------------------------------------------------------------
    @staticmethod
    def _whose(organizer: UUID | None) -> UUID | None:
        if not current().open_transaction.entered().limited:
            return organizer
        if organizer not in (None, actor()):
            raise Forbidden("You are limited to your own clients.", code="own_clients_only")
        return actor()

    def _available(self, people: list[UUID], home: ZoneInfo, span: Interval) -> dict[UUID, int]:
        schedules = {row["user_id"]: row for row in self._free.schedules(people)}
        away = self._free.time_off(people, (), span)
        found = dict.fromkeys(people, 0)
        for person, schedule in schedules.items():
            closed = [Interval(row["starts_at"], row["ends_at"]) for row in away if row["user_id"] in (None, person)]
            zone = ZoneInfo(schedule["timezone"]) if schedule["timezone"] else home
            found[person] = total_minutes(available(*rules_of(schedule), zone, span, closed))
        return found


def _figures(minutes: int, booked: Iterable[Row], came: Mapping[str, Any]) -> dict[str, Any]:
    rows = list(booked)
    taken = timedelta(seconds=sum(row["seconds"] for row in rows if row["status"] in _TOOK_TIME)) // timedelta(minutes=1)
    statuses = {str(status): sum(row["bookings"] for row in rows if row["status"] == status) for status in Status}
    return {
        "available_minutes": minutes, "booked_minutes": taken, "utilisation": rate(taken, minutes), "bookings": statuses,
        "attended": came["attended"], "missed": came["missed"], "unmarked": came["unmarked"],
        "no_show_rate": rate(came["missed"], came["attended"] + came["missed"]),
        "late_cancellations": sum(row["late"] for row in rows) + came["left_late"],
        "new_clients": came["clients"] - came["returning"], "returning_clients": came["returning"],
    }  # fmt: skip
