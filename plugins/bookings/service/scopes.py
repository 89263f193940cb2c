"""Changing and calling off more of a series than one occurrence: all of it or nothing, and never one more or one fewer.

What follows becomes a series of its own; so does what is to come when all of it moves and some has taken place. An occurrence that was moved
alone keeps its time while the others move, unless it is the one named: then they move as far as it does, each from where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Refused, Stale
from kernel.ids import new_id
from plugins.bookings import events
from plugins.bookings.domain.booking import ON_CALENDARS, OPEN, PLACE, TIMES, Status, cancelled, check_times, moved
from plugins.bookings.domain.policy import cancellation
from plugins.bookings.domain.repeating import Plan, check_minutes
from plugins.bookings.domain.series import parse
from plugins.bookings.domain.zones import YEARS
from plugins.bookings.ports.bookings import Bookings
from plugins.bookings.ports.offering import Catalogue
from plugins.bookings.ports.series import Series
from plugins.bookings.service.actors import actor, is_cliente
from plugins.bookings.service.clashes import in_other_rooms, moved_to, refused, stuck
from plugins.bookings.service.held import OF_SERIES, Held, differs
from plugins.bookings.service.limits import check_change, check_kept, check_outcome, check_series, is_limited, is_seen
from plugins.bookings.service.placing import Placing
from plugins.bookings.service.reminders import Reminders
from plugins.bookings.service.telling import tell
from plugins.bookings.service.terms import check_capacity, check_left, check_moved, check_seats, missed_in_vain, place_of, policy_of, rooms_of
from plugins.bookings.service.turns import Turns
from ports.persistence import Document, Row

_ATTEMPTS: Final = 5
_STILL: Final = timedelta()

_Change = tuple[Row, Mapping[str, Any]]
"""A booking as it is, and as it is to be."""


class Scopes:
    """Verbs on what follows an occurrence, or on all that has not taken place; `scope` says which. now: aware, UTC."""

    def __init__(
        self, *, series: Series, bookings: Bookings, placing: Placing, turns: Turns, catalogue: Catalogue, reminders: Reminders,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._catalogue = catalogue
        self._reminders = reminders
        self._turns = turns
        self._series = series
        self._bookings = bookings
        self._placing = placing
        self._now = now

    def reschedule(
        self, booking_id: UUID, scope: str, expected: int | None, *, start: datetime, end: datetime | None, skip: bool = False
    ) -> Document:
        """Move them as far on the wall clock as the one named; `conflicts` are those that (skip) stay as they are, where they are.

        Raises Conflict series_conflicts with every one whose new time is taken or closed, unless skip and the one named is not among them,
        Refused own_clients_only where one of them may not be changed alone.
        """
        held = self._hold(booking_id, scope, expected)
        check_outcome(self._bookings, held.targets, self._now())
        length: timedelta = held.named["end_time"] - held.named["start_time"]
        return self._apply(held, scope, {"start_time": start, "end_time": end or start + length}, said=False, skip=skip)

    def change(self, booking_id: UUID, scope: str, changes: Mapping[str, Any], expected: int | None, *, skip: bool = False) -> Document:
        """Set the given fields of them. Raises as `reschedule` does."""
        held = self._hold(booking_id, scope, expected)
        changing = [
            name for name, value in changes.items()
            if name != "client_ids" and any(value != row[name] for row in ([held.named] if name in TIMES else held.targets))
        ]  # fmt: skip
        check_change(self._bookings, held.targets, changing, self._now())
        return self._apply(held, scope, changes, said=True, skip=skip)

    def cancel(
        self, booking_id: UUID, scope: str, expected: int | None, *, reason: str | None = None, requested_by: str = "studio", waive_fee: bool = False
    ) -> Document:
        """Call them off; the rule ends before the first of them. Raises Refused own_clients_only where one of them may not be called off
        alone."""
        held, now = self._hold(booking_id, scope, expected), self._now()
        check_outcome(self._bookings, held.targets, now)
        self._bookings.excuse([row["id"] for row in held.targets])
        for row in held.targets:
            cancelled(Status(row["status"]))
            fee = cancellation(row["start_time"], now, policy_of(row)).fee
            if requested_by == "client" and fee is not None and not waive_fee and row["status"] != Status.PENDING:
                self._bookings.charge(row["id"], row["attending"], fee, "late_cancellation")
        ids = {row["id"] for row in held.targets}
        if classes := [row["id"] for row in held.targets if row["capacity"] > 1]:
            self._turns.close(classes)
        self._series.release(ids)
        self._series.cancel(list(ids), requested_by, reason, now)
        left = [row for row in (*held.head, *held.tail) if row["id"] not in ids and row["status"] != Status.CANCELLED]
        if not left and not held.unseen:
            self._series.change(held.series["id"], {"status": "cancelled", "now": now})
        elif (held.head or held.unseen) and all(row["occurrence"] < held.cut for row in left):
            self._series.change(held.series["id"], {**_rule(held.plan.until(held.cut)), "now": now})
        for row in held.targets:
            events.bookings_cancelled(booking_id=row["id"])
        return self._read(booking_id)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _hold(self, booking_id: UUID, scope: str, expected: int | None) -> Held:
        if is_cliente():
            raise Forbidden("Only the staff changes more than one booking of a series.", code="staff_only")
        if is_limited() and self._bookings.get(booking_id, everybody=False) is None:
            raise NotFound()
        for _ in range(_ATTEMPTS):
            found = self._series.series_of(booking_id)
            if found is None:
                raise NotFound()
            if found["series_id"] is None:
                raise Refused("This booking is not one of a series.", code="no_series")
            # Before any booking of it, always: whoever changes several waits here for whoever else does.
            series = self._series.lock(found["series_id"])
            if series is None:
                check_series(whole=False)
                raise NotFound()
            rows = sorted(self._series.lock_bookings(series["id"]), key=lambda row: row["occurrence"])
            named = next((row for row in rows if row["id"] == booking_id), None)
            if named is not None:
                if not is_seen(named):
                    raise NotFound()
                return self._chosen(series, rows, named, scope, expected)
            # It became another series' while we waited.
        raise Conflict("The series is being changed; try again.", code="busy")

    def _chosen(self, series: Row, rows: Sequence[Row], named: Row, scope: str, expected: int | None) -> Held:
        if expected not in (None, -1, named["version"]):
            raise Stale()
        moved(Status(named["status"]))
        seen, now = [row for row in rows if is_seen(row)], self._now()
        targets = [
            row for row in seen
            if row["id"] == named["id"]
            or (row["status"] in OPEN and row["start_time"] > now and (scope == "all" or row["occurrence"] > named["occurrence"]))
        ]  # fmt: skip
        first = named["occurrence"] if scope == "following" else targets[0]["occurrence"]
        zone = ZoneInfo(series["timezone"])
        plan = Plan(parse(series["rule"]), series["first_wall"], zone, frozenset(series["exdates"]))
        # What the rule names is there, also when it became somebody else's whose clients the actor does not see.
        unseen = set(plan.occurrences()).difference(row["occurrence"] for row in seen) if is_limited() else set()
        check_series(whole=not any(each >= first or (scope == "all" and plan.at(each) > now) for each in unseen))
        head, tail = ([row for row in rows if (row["occurrence"] < first) is before] for before in (True, False))
        return Held(series, plan, named, targets, head, tail, bool(unseen))

    def _apply(self, held: Held, scope: str, changes: Mapping[str, Any], *, said: bool, skip: bool) -> Document:
        """said: as a change, which is told of each booking."""
        named, now = held.named, self._now()
        wanted = {**named, **changes}
        check_times(wanted["start_time"], wanted["end_time"])
        check_moved(named, wanted)
        clients = changes.get("client_ids")
        retimed = any(wanted[name] != named[name] for name in TIMES)
        by = held.shift(wanted["start_time"]) if wanted["start_time"] != named["start_time"] else _STILL
        length: timedelta = wanted["end_time"] - wanted["start_time"]
        if length == named["end_time"] - named["start_time"]:
            length = held.length  # that of one that was changed alone is its own
        if retimed:
            check_minutes(wanted["start_time"], length, by)
        values = {name: value for name, value in changes.items() if name not in (*TIMES, "client_ids")}
        changing: list[_Change] = [(row, held.after(row, wanted, values, by, length if retimed else None)) for row in held.targets]
        if held.says(values) and not any(differs(old, new, clients) for old, new in changing):
            return {**self._read(named["id"]), "conflicts": []}
        if any(new["start_time"].year not in YEARS for _, new in changing):
            raise Invalid(errors=[Fault("/start_time", f"None of them may lie beyond the year {YEARS[-1]}.")])
        for old, new in changing:
            check_kept(old, {**new, "client_ids": clients})
        changing, taken = self._place(held, changing, clients, room_said="room_id" in values, skip=skip)
        split = (bool(held.head) or held.unseen) and (scope == "following" or by != _STILL)
        self._rule(held, split, by, {**values, **({"minutes": length // timedelta(minutes=1)} if retimed else {})}, now)
        rows = [
            (new["id"], new["start_time"], new["end_time"], new["room_id"], old["sequence"] + any(new[name] != old[name] for name in ON_CALENDARS))
            for old, new in changing
        ]
        if again := [old["id"] for old, new in changing if missed_in_vain(old, new, now)]:
            self._bookings.excuse(again)
        if clients is not None:
            went = sum(len(set(old["client_ids"]).difference(clients)) for old, _ in changing)
            check_left(self._series.attend([old["id"] for old, _ in changing], sorted(set(clients)), now), went)
        self._series.set(rows, {**values, "now": now})
        # More places, or fewer clients: the queue is next. What is past now has no seats to offer.
        settling = [old["id"] for old, new in changing if new["capacity"] > 1 and (said or new["start_time"] != old["start_time"])]
        for id in sorted(self._turns.queued(settling)):
            self._turns.settle(id)
        self._reminders.plan(new for old, new in changing if new["start_time"] != old["start_time"])
        for old, new in changing:
            tell(old, new, clients, said=said)
        return {**self._read(named["id"]), "conflicts": list(taken.values())}

    def _place(
        self, held: Held, changing: list[_Change], clients: list[UUID] | None, *, room_said: bool, skip: bool
    ) -> tuple[list[_Change], dict[UUID, dict[str, Any]]]:
        """Take the new times: all of them or none, or (skip) all but those that it tells. And what changes, each with the room it gets."""
        for old, new in changing:
            check_capacity(old, new)
            check_seats(len(new["client_ids"] if clients is None else set(clients)), new["capacity"])
        pairs = [
            (old, new) for old, new in changing
            if clients is not None or any(old[name] != new[name] for name in PLACE)
        ]  # fmt: skip
        if not pairs:
            return changing, {}
        pairs, taken = self._find_rooms(held, pairs, room_said=room_said, skip=skip)
        after = {old["id"]: new for old, new in pairs}
        changing = [(old, after.get(old["id"], new)) for old, new in changing if old["id"] not in taken]
        if not pairs:
            return changing, taken
        for old, new in pairs:
            came = sorted(set(clients or ()) - set(old["client_ids"]))
            if came or any(old[name] != new[name] for name in TIMES):
                events.bookings_validate(
                    booking_id=new["id"], client_ids=came or new["client_ids"], organizer_id=new["organizer_id"], service_id=new["service_id"],
                    start_time=new["start_time"], end_time=new["end_time"],
                )  # fmt: skip
        classes = [(old["id"], new["capacity"]) for old, new in pairs if old["capacity"] > 1]
        if clients and classes:
            self._turns.forget([id for id, _ in classes], sorted(set(clients)))
        if ended := [id for id, capacity in classes if capacity == 1]:
            self._turns.close(ended)
        # Given back first: each takes a time that another of them had. Seats offered to who waits stay taken.
        seats = dict(self._series.release(after))
        for old, _ in pairs:
            seats[old["id"]] += 0 if clients is None else len(set(clients)) - len(old["client_ids"])
        self._series.take([(new["id"], place_of(new), seats[new["id"]]) for _, new in pairs])
        return changing, taken

    def _find_rooms(
        self, held: Held, pairs: list[_Change], *, room_said: bool, skip: bool
    ) -> tuple[list[_Change], dict[UUID, dict[str, Any]]]:  # fmt: skip
        """Each with its own room or, where nobody named one and its own is not free at the new time, another of the service; without those that
        cannot be where they are to be, which are told."""
        moving = [(old, new) for old, new in pairs if place_of(new) != place_of(old)]
        wanted = [moved_to(old, new, room_said=room_said) for old, new in moving]
        service_id = held.series["service_id"] if any(each.movable for each in wanted) else None
        rooms = [] if service_id is None else rooms_of(self._catalogue.service(service_id))
        self._placing.begin({*rooms, *(each for pair in pairs for booking in pair for each in place_of(booking).subjects)})
        wanted, found = in_other_rooms(self._series, wanted, rooms, [old["id"] for old, _ in moving])
        if skip:
            found = stuck(wanted, [place_of(old) for old, _ in moving], found)
        taken = {moving[n][0]["id"]: {"booking_id": moving[n][0]["id"], **each} for n, each in found.items()}
        if taken and (not skip or held.named["id"] in taken):
            raise refused(taken.values())
        room = {old["id"]: each.place.room_id for (old, _), each in zip(moving, wanted, strict=True)}
        return [(old, {**new, "room_id": room.get(old["id"], new["room_id"])}) for old, new in pairs if old["id"] not in taken], taken

    def _rule(self, held: Held, split: bool, by: timedelta, values: Mapping[str, Any], now: datetime) -> None:
        """What the rule says after it, and which series and occurrence each booking is of."""
        of_series = {name: values[name] for name in (*OF_SERIES, "minutes") if name in values}
        id, plan = held.series["id"], held.plan
        if split:
            before, plan = plan.cut(held.cut)
            self._series.change(id, {**_rule(before), "now": now})
            id = new_id()
            kept = {name: held.series[name] for name in ("timezone", "minutes", "title", "organizer_id", "service_id")}
            made = {**kept, **of_series, "id": id, "booked_by": actor(), "status": "active"}
            self._series.add({**made, **_rule(self._shifted(plan, by)), "now": now})
        elif by or of_series:
            self._series.change(id, {**of_series, **_rule(self._shifted(plan, by)), "now": now})
        if split or by:
            self._series.identify(id, [(row["id"], row["occurrence"] + by) for row in held.tail], now)

    def _shifted(self, plan: Plan, by: timedelta) -> Plan:
        if by == _STILL:
            return plan
        try:
            return plan.shifted(by)
        except Invalid:
            message = "The rule names days that do not move together: move it within the day, or cancel it and make another."
            raise Invalid(errors=[Fault("/start_time", message)]) from None

    def _read(self, booking_id: UUID) -> Document:
        found = self._bookings.get(booking_id)
        if found is None:
            raise NotFound()
        return found


def _rule(plan: Plan) -> dict[str, object]:
    return {"rule": str(plan.rule), "first_wall": plan.first, "exdates": sorted(plan.exdates)}
