"""Members who go: what of the calendar somebody must take over, and what ends with them. What is past stays theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.errors import Conflict
from plugins.bookings import events
from plugins.bookings.domain.hours import ended
from plugins.bookings.ports.leaving import Leaving as Stored
from plugins.bookings.ports.series import Series
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.terms import place_of
from ports.persistence import Row

_NAMED: Final = 50


class Leaving:
    """What the platform asks when a member goes or becomes a Cliente. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Stored, series: Series, placing: Placing, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._series = series
        self._placing = placing
        self._now = now

    def prepare(self, user_id: UUID, to: UUID | None, *, gone: bool) -> None:
        """Nothing more is booked with them from here on; hours, time off and calendars elsewhere end, and (gone) their feeds.

        Raises Conflict busy when their calendar is being changed.
        """
        now = self._now()
        if to is None:
            self._placing.begin({user_id})
        else:
            self._hold(user_id, to, now)
        self._stored.hold_the_rest(user_id)
        self._end_hours(user_id, now)
        self._stored.end_the_rest(user_id, now, feeds=gone)

    def owned(self, user_id: UUID) -> list[Mapping[str, Any]]:
        """What somebody must take over: bookings to come, series that have some, services that nobody else offers."""
        now = self._now()
        return [
            _kind("booking", self._stored.bookings(user_id, now, _NAMED)),
            _kind("series", self._stored.series(user_id, now, _NAMED)),
            _kind("service", self._stored.services(user_id, _NAMED)),
        ]

    def hand_over(self, user_id: UUID, to: UUID) -> None:
        """All of it becomes another's, after `prepare`. Raises Conflict handover_conflicts with every time that is taken of them."""
        now = self._now()
        rows = self._stored.to_come(user_id, now)
        ids = [row["id"] for row in rows]
        if rows:
            places = [place_of({**row, "organizer_id": to}) for row in rows]
            taken = {row["place"]: row for row in self._series.conflicts(places, ids)}
            if taken:
                raise _refused([(rows[n], each) for n, each in sorted(taken.items())])
        self._stored.take_over(user_id, to, ids, now)
        for id in ids:
            events.bookings_reassigned(booking_id=id, from_user=user_id, to_user=to)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _hold(self, user_id: UUID, to: UUID, now: datetime) -> None:
        held = self._stored.hold(user_id, now)
        self._placing.begin({user_id, to} | {row["room_id"] for row in held if row["room_id"] is not None})
        known = {row["id"] for row in held}
        came = {row["id"] for row in self._stored.to_come(user_id, now)} - known
        # Booked while we waited for the person's time; whoever changes one of them already may wait for us.
        if came and self._stored.hold_more(came) != len(came):
            raise Conflict("Their calendar is being changed right now; try again.", code="busy", retry_after_s=1)

    def _end_hours(self, user_id: UUID, now: datetime) -> None:
        hours = self._stored.hours(user_id)
        if hours is None:
            return
        weekly, overrides = ended(hours["weekly"], hours["overrides"], now.astimezone(ZoneInfo(hours["timezone"])).date())
        if (weekly, overrides) != (hours["weekly"], hours["overrides"]):
            self._stored.end_hours(user_id, weekly, overrides, now)


def _kind(kind: str, rows: Sequence[Row]) -> Mapping[str, Any]:
    return {"kind": kind, "count": rows[0]["count"] if rows else 0, "items": [{"id": row["id"], "title": row["title"]} for row in rows]}


def _refused(clashes: Sequence[tuple[Row, Row]]) -> Conflict:
    shown = [
        {
            "booking_id": str(row["id"]), "start_time": row["start_time"].isoformat(), "end_time": row["end_time"].isoformat(),
            "taken": {"start_time": each["starts_at"].isoformat(), "end_time": each["ends_at"].isoformat(), "resource": each["resource"]},
        }
        for row, each in clashes[:_NAMED]
    ]  # fmt: skip
    detail = f"{len(clashes)} of their bookings would meet times that are taken: move those, or name somebody else."
    return Conflict(detail, code="handover_conflicts", extra={"conflicts": shown})
