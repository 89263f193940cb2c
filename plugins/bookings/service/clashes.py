"""What is in the way of many at once: one question for all, and what of them is in one another's way.

One booking may be anywhere the staff says. What a rule names nobody looked at one by one, so it does not fall, unnoticed, on days on which the
studio is closed, whoever's time it is away, or the room closed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Conflict
from plugins.bookings.domain.booking import TIMES
from plugins.bookings.domain.place import Place
from plugins.bookings.domain.repeating import overlapping
from plugins.bookings.ports.series import Series
from plugins.bookings.service.terms import place_of

CLOSED: Final = frozenset({"studio_closed", "organizer_away", "room_closed"})
UNUSABLE: Final = CLOSED | {"room_archived"}
"""Of a room that nobody named: one that is named and archived is refused as unknown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An occurrence, the time it is to take, which closures are in its way, and whether it may be in another room of the service."""

    occurrence: datetime
    place: Place
    closed: frozenset[str] = CLOSED
    movable: bool = False


def moved_to(old: Mapping[str, Any], new: Mapping[str, Any], *, room_said: bool) -> Wanted:
    """Where a booking is to be. In the way of a new time are all closures, else those of whoever or whatever is new: what does not move stays
    booked. In another room than its own it may be at a new time, when nobody named one."""
    place = place_of(new)
    if any(old[name] != new[name] for name in TIMES):
        return Wanted(old["occurrence"], place, CLOSED if room_said else UNUSABLE, movable=not room_said and place.room_id is not None)
    changed = (("organizer_id", "organizer_away"), ("room_id", "room_closed"))
    return Wanted(old["occurrence"], place, frozenset(code for name, code in changed if old[name] != new[name]))


def clashes(stored: Series, wanted: Sequence[Wanted], besides: Collection[UUID]) -> dict[int, dict[str, Any]]:
    """What the API says is in the way, by place in the list: why, and the time that is taken or closed, never whose booking."""
    return with_each_other(wanted, in_the_way(stored, wanted, besides))


def in_other_rooms(
    stored: Series, wanted: Sequence[Wanted], rooms: Sequence[UUID], besides: Collection[UUID]
) -> tuple[list[Wanted], dict[int, dict[str, Any]]]:
    """Each as it is wanted or, when it may be elsewhere and its room is not free then, in the first of these rooms that is; and what is in the way
    of those for which there is none, and of those that are in one another's way there, as `clashes` has it."""
    chosen, taken = list(wanted), in_the_way(stored, wanted, besides)
    for room in rooms:
        homeless = [n for n, each in taken.items() if wanted[n].movable and each["taken"]["resource"] == "room"]
        if not homeless:
            break
        there = [replace(wanted[n], place=replace(wanted[n].place, room_id=room)) for n in homeless]
        full = in_the_way(stored, there, besides)
        for place, n in enumerate(homeless):
            if place not in full:
                chosen[n] = there[place]
                del taken[n]
    return chosen, with_each_other(chosen, taken)


def in_the_way(stored: Series, wanted: Sequence[Wanted], besides: Collection[UUID] = ()) -> dict[int, dict[str, Any]]:
    """The same, but for what is in one another's way."""
    if not wanted:
        return {}
    places = [each.place for each in wanted]
    closures = stored.closures(places) if any(each.closed for each in wanted) else ()
    found: dict[int, dict[str, Any]] = {}
    for row in (*stored.conflicts(places, besides), *(row for row in closures if row["code"] in wanted[row["place"]].closed)):
        taken = {"start_time": row["starts_at"], "end_time": row["ends_at"], "resource": row["resource"]}
        found.setdefault(row["place"], _shown(wanted[row["place"]], row["code"], taken))
    return found


def with_each_other(wanted: Sequence[Wanted], taken: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """And what of those that are left is in one another's way."""
    found = dict(taken)
    free = [n for n in range(len(wanted)) if n not in found]
    for n, other in overlapping([wanted[n].place for n in free]):
        place = wanted[free[other]].place
        resource = "organizer" if place.organizer_id == wanted[free[n]].place.organizer_id else "room"
        found[free[n]] = _shown(wanted[free[n]], "slot_taken", {"start_time": place.start, "end_time": place.end, "resource": resource})
    return dict(sorted(found.items()))


def stuck(wanted: Sequence[Wanted], now: Sequence[Place], taken: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """These, and those that would meet one of them where it is now, for there it stays."""
    found, todo = dict(taken), list(taken)
    left = {n: (each.place.blocked, each.place.subjects) for n, each in enumerate(wanted) if n not in found}
    while todo:
        stays = now[todo.pop()]
        blocked, subjects = stays.blocked, stays.subjects
        for n in [n for n, (span, theirs) in left.items() if span.overlaps(blocked) and not theirs.isdisjoint(subjects)]:
            resource = "organizer" if wanted[n].place.organizer_id == stays.organizer_id else "room"
            found[n] = _shown(wanted[n], "slot_taken", {"start_time": stays.start, "end_time": stays.end, "resource": resource})
            todo.append(n)
            del left[n]
    return dict(sorted(found.items()))


def refused(conflicts: Collection[dict[str, Any]]) -> Conflict:
    """The 409 that names each of them."""
    shown = [
        {
            **{name: str(value) if isinstance(value, UUID) else value for name, value in each.items()}, "start_time": each["start_time"].isoformat(),
            "taken": {name: value.isoformat() if isinstance(value, datetime) else value for name, value in each["taken"].items()},
        }
        for each in conflicts
    ]  # fmt: skip
    return Conflict(f"{len(shown)} of the occurrences fall on time that is taken or closed.", code="series_conflicts", extra={"conflicts": shown})


def _shown(wanted: Wanted, code: str, taken: dict[str, Any]) -> dict[str, Any]:
    return {"occurrence": wanted.occurrence.isoformat(), "start_time": wanted.place.start, "code": code, "taken": taken}
