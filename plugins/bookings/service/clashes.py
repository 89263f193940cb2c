"""What is in the way of many at once: one question for all, and what of them is in one another's way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.errors import Conflict
from plugins.bookings.domain.place import Place
from plugins.bookings.domain.repeating import overlapping
from plugins.bookings.ports.series import Series
from ports.persistence import Row


@dataclass(frozen=True, slots=True)
class Wanted:
    """An occurrence, and the time it is to take."""

    occurrence: datetime
    place: Place


def clashes(stored: Series, wanted: Sequence[Wanted], besides: Collection[UUID], to_be_open: Collection[int] = ()) -> dict[int, dict[str, Any]]:
    """What the API says is in the way, by place in the list: the taken time and whether the person's or the room's, never whose booking.
    to_be_open: those whose room has to be open as well, since nobody said which."""
    rows = [*stored.conflicts([each.place for each in wanted], besides)]
    for room in sorted({found for n in to_be_open if (found := wanted[n].place.room_id) is not None}):
        those = [n for n in to_be_open if wanted[n].place.room_id == room]
        rows += [{**row, "place": those[row["place"]]} for row in stored.closures(room, [wanted[n].place for n in those])]
    return with_each_other(wanted, _named(wanted, rows))


def in_room(stored: Series, wanted: Sequence[Wanted], room: UUID) -> dict[int, dict[str, Any]]:
    """The same of a room that is chosen for them, which has to be open as well; not yet what is in one another's way."""
    places = [each.place for each in wanted]
    return _named(wanted, [*stored.conflicts(places, ()), *stored.closures(room, places)])


def with_each_other(wanted: Sequence[Wanted], taken: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """And what of those that are left is in one another's way."""
    found = dict(taken)
    free = [n for n in range(len(wanted)) if n not in found]
    for n, other in overlapping([wanted[n].place for n in free]):
        place = wanted[free[other]].place
        resource = "organizer" if place.organizer_id == wanted[free[n]].place.organizer_id else "room"
        found[free[n]] = _shown(wanted[free[n]], {"start_time": place.start, "end_time": place.end, "resource": resource})
    return dict(sorted(found.items()))


def refused(conflicts: Collection[dict[str, Any]]) -> Conflict:
    """The 409 that names each of them."""
    shown = [
        {
            **each, "start_time": each["start_time"].isoformat(),
            "taken": {name: value.isoformat() if isinstance(value, datetime) else value for name, value in each["taken"].items()},
        }
        for each in conflicts
    ]  # fmt: skip
    return Conflict(f"{len(shown)} of the occurrences are taken.", code="series_conflicts", extra={"conflicts": shown})


def _named(wanted: Sequence[Wanted], rows: Sequence[Row]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        taken = {"start_time": row["starts_at"], "end_time": row["ends_at"], "resource": row["resource"]}
        found.setdefault(row["place"], _shown(wanted[row["place"]], taken))
    return found


def _shown(wanted: Wanted, taken: dict[str, Any]) -> dict[str, Any]:
    return {"occurrence": wanted.occurrence.isoformat(), "start_time": wanted.place.start, "taken": taken}
