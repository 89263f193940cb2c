"""What a studio's calendar holds, in every state that some operation asks for; planted past the API, whose rules would take weeks."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec

import psycopg

from kernel.ids import new_id
from tests.servers import Person

if TYPE_CHECKING:
    from tests.security.studios import Studio

P = ParamSpec("P")
STAGES: Mapping[str, str] = {
    "approve": "bookings.pending", "decline": "bookings.pending", "complete": "bookings.past", "no-show": "bookings.past",
    "join": "bookings.open", "leave": "bookings.joined", "cancel": "bookings.coming", "reschedule": "bookings.coming",
    "reassign": "bookings.coming", "accept": "bookings.offered", "queue": "bookings.full",
}  # fmt: skip
"""The last part of a path → what it is asked of; a booking itself is changed and deleted while it is to come."""


def stage_of(method: str, path: str) -> str:
    """What a booking must be like for this operation of it; empty for any."""
    last = path.rpartition("/")[2]
    if last == "queue" and method != "POST":
        return "bookings.queued"
    changed = last in ("{booking_id}", "<uuid:booking_id>") and method != "GET"
    return STAGES.get(last, "bookings.coming" if changed else "")


_ALWAYS = json.dumps([{"weekday": n, "opens": "00:00:00", "closes": "00:00:00", "from": None, "until": None} for n in range(1, 8)])
_HALF_HOURS = itertools.count()
_LONG_AGO = datetime(2020, 2, 1, tzinfo=UTC)
_BOOKING = (
    "insert into bookings (workspace_id, id, organizer_id, service_id, title, start_time, end_time, status, capacity, buffer_before_minutes,"
    " buffer_after_minutes, booked_by) values (%(ws)s, %(id)s, %(organizer)s, %(service)s, %(text)s, %(start)s, %(end)s, %(status)s, %(capacity)s,"
    " 0, 0, %(by)s)"
)
_TIME = (
    "insert into bookings_time (workspace_id, id, booking_id, organizer_id, service_id, starts_at, ends_at, blocked, capacity, taken, expires_at,"
    " held_by) values (%(ws)s, %(id)s, %(booking)s, %(organizer)s, %(service)s, %(start)s, %(end)s, tstzrange(%(start)s, %(end)s), %(capacity)s,"
    " %(taken)s, %(expires)s, %(by)s)"
)
_PLACE = (
    "insert into bookings_queue_place (workspace_id, id, booking_id, number, status, offered_until, joined_at)"
    " values (%(ws)s, %(place)s, %(id)s, 1, %(state)s, %(offered)s, now())"
)
_ENTRY = "insert into bookings_queue_entry (workspace_id, place_id, booking_id, client_id) values (%(ws)s, %(place)s, %(id)s, %(client)s)"
_PARTICIPANT = (
    # No trigger names them.
    "with named as (update bookings set attending = array(select c from unnest(attending || %(client)s::uuid) c order by c)"
    " where workspace_id = %(ws)s and id = %(id)s)"
    " insert into bookings_participant (workspace_id, booking_id, client_id, status, joined_at) values (%(ws)s, %(id)s, %(client)s, 'booked', now())"
)


def _elsewhere(plant: Callable[P, str]) -> Callable[P, str]:
    """Tries another time of day when a walk has taken the one that was chosen."""

    @functools.wraps(plant)
    def planted(*args: P.args, **kwargs: P.kwargs) -> str:
        for _ in range(20):
            with contextlib.suppress(psycopg.errors.ExclusionViolation):
                return plant(*args, **kwargs)
        return plant(*args, **kwargs)

    return planted


class Calendar:
    """One studio's. connection: a superuser's, in autocommit."""

    def __init__(self, connection: psycopg.Connection[Any], studio: Studio) -> None:
        self._connection = connection
        self._studio = studio
        self._organizer = studio.people["Colaborador"]

    def furnish(self) -> None:
        """A service that clients book at any hour, a class, a room, hours for all of the staff."""
        text = self._studio.canary("w")
        with self._planting():
            for name, capacity in (("service", 1), ("class", 50)):
                self._write(
                    "insert into bookings_service (workspace_id, id, name, duration_minutes, step_minutes, window_days, capacity, public)"
                    " values (%(ws)s, %(id)s, %(name)s, 30, 30, 730, %(capacity)s, true)",
                    id=new_id(), name=f"{name} {text}", capacity=capacity,
                )  # fmt: skip
            self._write("insert into bookings_room (workspace_id, id, name) values (%(ws)s, %(id)s, %(name)s)", id=new_id(), name=f"room {text}")
            for person in (self._studio.people["Owner"], self._organizer, self._studio.further):
                assert person is not None
                self._write(
                    "insert into bookings_schedule (workspace_id, user_id, weekly, overrides) values (%(ws)s, %(user)s, %(week)s, '[]')",
                    user=person.id, week=_ALWAYS,
                )  # fmt: skip
            self._write(
                "insert into bookings_series (workspace_id, id, rule, first_wall, timezone, minutes, title, organizer_id)"
                " values (%(ws)s, %(id)s, 'FREQ=DAILY;COUNT=1', '2026-01-01', 'UTC', 30, %(text)s, %(user)s)",
                id=new_id(), text=text, user=self._organizer.id,
            )  # fmt: skip
            self._offered()

    def _offered(self) -> None:
        self._write(
            "insert into bookings_service_staff (workspace_id, service_id, user_id) select workspace_id, id, %(user)s from bookings_service"
            " where workspace_id = %(ws)s on conflict do nothing",
            user=self._organizer.id,
        )

    def stock(self) -> None:
        """Something in every stage."""
        for stage in sorted({*STAGES.values(), "bookings.queued"}) * 4:
            self.fresh(stage)
        for person in self._studio.people.values():
            self.feed(person)
            self.calendar(person)
        for person in self._studio.people.values():
            self.hold(person)
        for person in (self._studio.people["Owner"], self._organizer):
            self.away(person)

    @_elsewhere
    def fresh(self, stage: str) -> str:
        """A new booking at this stage, in which the Cliente takes part unless it is there to be joined."""
        start = _LONG_AGO + timedelta(minutes=30 * next(_HALF_HOURS)) if stage == "bookings.past" else _later()
        status = "pending" if stage == "bookings.pending" else "booked"
        is_class = stage in ("bookings.open", "bookings.joined", "bookings.full", "bookings.queued", "bookings.offered")
        id, taken = new_id(), 0 if stage == "bookings.open" else 1
        stands = stage in ("bookings.queued", "bookings.offered")
        given = {
            "id": id, "booking": id, "organizer": self._organizer.id, "service": self.service("class" if is_class else "service"),
            "text": f"Session {self._studio.canary('0')}", "start": start, "end": start + timedelta(minutes=30), "status": status,
            "capacity": 50 if stage in ("bookings.open", "bookings.joined") else 1, "taken": taken, "expires": None, "by": None,
            "client": self._studio.clients[0], "place": new_id(),
        }  # fmt: skip
        if stage in ("bookings.full", "bookings.queued", "bookings.offered"):  # full of another; the seat that is offered counts as taken
            given |= {"capacity": 2, "taken": 2, "client": self._studio.clients[1]}
        with self._planting():
            self._write(_BOOKING, **given)
            self._write(_TIME, **given)
            if taken:
                self._write(_PARTICIPANT, **given)
            if given["capacity"] == 2 and stage != "bookings.offered":
                self._write(_PARTICIPANT, **{**given, "client": self._studio.clients[2]})
            if stands:
                offered = datetime.now(UTC) + timedelta(hours=2) if stage == "bookings.offered" else None
                self._write(_PLACE, **given, offered=offered, state="waiting" if offered is None else "offered")
                self._write(_ENTRY, **{**given, "client": self._studio.clients[0]})
        return str(id)

    def feed(self, person: Person) -> str:
        """The one that shows times alone; they have none of the other kind."""
        id = new_id()
        with self._planting():
            self._write("delete from bookings_feed where workspace_id = %(ws)s and user_id = %(user)s", user=person.id)
            self._write(
                "insert into bookings_feed (workspace_id, id, user_id, mode, digest) values (%(ws)s, %(id)s, %(user)s, 'freebusy', %(digest)s)",
                id=id, user=person.id, digest=id.bytes,
            )  # fmt: skip
        return str(id)

    def calendar(self, person: Person) -> str:
        """One that they have elsewhere."""
        id = new_id()
        with self._planting():
            self._write("delete from bookings_calendar where workspace_id = %(ws)s and user_id = %(user)s", user=person.id)
            self._write(
                "insert into bookings_calendar (workspace_id, id, user_id, name, url, status, last_tried_at, events, notes)"
                " values (%(ws)s, %(id)s, %(user)s, %(text)s, 'sealed', 'ok', now(), 0, '[]')",
                id=id, user=person.id, text=self._studio.canary("s"),
            )  # fmt: skip
        return str(id)

    @_elsewhere
    def hold(self, person: Person) -> str:
        """A slot that they hold."""
        id, start = new_id(), _later()
        with self._planting():
            self._write("delete from bookings_time where workspace_id = %(ws)s and held_by = %(by)s", by=person.id)
            self._write(
                _TIME, id=id, booking=None, organizer=self._organizer.id, service=self.service("service"), start=start,
                end=start + timedelta(minutes=30), capacity=1, taken=0, expires=datetime.now(UTC) + timedelta(hours=1), by=person.id,
            )  # fmt: skip
        return str(id)

    def away(self, person: Person) -> str:
        """Time off of theirs, long ago."""
        id = new_id()
        with self._planting():
            self._write(
                "insert into bookings_time_off (workspace_id, id, user_id, starts_at, ends_at) values (%(ws)s, %(id)s, %(user)s, %(start)s, %(end)s)",
                id=id, user=person.id, start=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2020, 1, 2, tzinfo=UTC),
            )  # fmt: skip
        return str(id)

    def room(self) -> str:
        """A new one."""
        id = new_id()
        with self._planting():
            name = f"{id} {self._studio.canary('w')}"
            self._write("insert into bookings_room (workspace_id, id, name) values (%(ws)s, %(id)s, %(name)s)", id=id, name=name)
        return str(id)

    def service(self, name: str) -> str:
        """The id of the furnished `service` or `class`; on offer again, whoever archived or changed it, and its time as it was; also when who
        offers it left meanwhile, or works at other hours."""
        self._write(
            "update bookings_schedule set weekly = %(week)s where workspace_id = %(ws)s and user_id = %(user)s", user=self._organizer.id, week=_ALWAYS
        )
        self._offered()
        found = self._connection.execute(
            "update bookings_service set archived_at = null, self_service = true, notice_minutes = 0, window_days = 730, duration_minutes = 30,"
            " step_minutes = 30, buffer_before_minutes = 0, buffer_after_minutes = 0, needs_approval = false, capacity = %(capacity)s,"
            " location_kind = 'in_person', public = true"
            " where workspace_id = %(ws)s and id = (select id from bookings_service where workspace_id = %(ws)s order by id offset %(place)s limit 1)"
            " returning id::text",
            {"ws": self._studio.id, "place": int(name == "class"), "capacity": 50 if name == "class" else 1},
        ).fetchone()
        assert found is not None
        return str(found[0])

    def pools(self) -> dict[str, set[str]]:
        """What is at each stage now, for whoever chooses among them."""
        found: dict[str, set[str]] = {kind: set() for kind in (*STAGES.values(), "bookings.queued")}
        queues = self._connection.execute(
            "select e.booking_id::text, p.status from bookings_queue_entry e join bookings_queue_place p on p.workspace_id = e.workspace_id"
            " and p.id = e.place_id where e.workspace_id = %s and e.client_id = %s",
            (self._studio.id, self._studio.clients[0]),
        )
        standing = dict(queues.fetchall())
        rows = self._connection.execute(
            "select b.id::text, b.status, b.capacity > 1, b.start_time > now(), exists (select from bookings_participant p where"
            " p.workspace_id = b.workspace_id and p.booking_id = b.id and p.client_id = %s and p.status = 'booked'), b.capacity = 2"
            " from bookings b where b.workspace_id = %s and b.status in ('pending', 'booked') and exists (select from bookings_time t"
            " where t.workspace_id = b.workspace_id and t.id = b.id)",
            (self._studio.clients[0], self._studio.id),
        )
        for id, status, is_class, coming, joined, full in rows:
            if id in standing:
                found["bookings.offered" if standing[id] == "offered" else "bookings.queued"].add(id)
            elif full and not joined:
                found["bookings.full"].add(id)
            elif status == "pending":
                found["bookings.pending"].add(id)
            elif not coming:
                found["bookings.past"].add(id)
            elif is_class:
                found["bookings.joined" if joined else "bookings.open"].add(id)
            elif joined:
                found["bookings.coming"].add(id)
        return found

    def asked(self, method: str, path: str, role: str) -> dict[str, str]:
        """A query with which an operation of the calendar gets in as this role; empty where any may."""
        if "/bookings/public/" in path or path.endswith("/bookings/availability"):
            whose = {"domain": self._studio.domain} if "/public/" in path else {}
            day = f"{_later():%Y-%m-%d}"
            return whose if path.endswith("/services") else {**whose, "service": self.service("service"), "from": day, "to": day}
        if method == "DELETE" and "/users/" in path and self._studio.further is not None:  # who has a calendar leaves it to somebody
            return {"reassign_to": self._studio.further.id}
        return {"client_id": self._studio.clients[0]} if (method, path.rpartition("/")[2]) == ("DELETE", "queue") and role != "Cliente" else {}

    def wanted(self, path: str, role: str, example: Mapping[str, Any]) -> dict[str, Any] | None:
        """A body with which an operation of the calendar gets in as this role; None where its example does."""
        start = _later()
        moment = {"start_time": start.isoformat()}
        slot = {"service_id": self.service("service"), "organizer_id": self._organizer.id, **moment}
        if path.endswith("/bookings/holds") or (path.endswith("/bookings") and role == "Cliente"):
            return slot
        if path.endswith(("/bookings", "/{booking_id}", "/<uuid:booking_id>")):
            told = {"title": f"Session {self._studio.canary('0')}", "end_time": (start + timedelta(minutes=30)).isoformat(), **moment}
            return told if path.endswith("/bookings") else {**told, "organizer_id": self._organizer.id, "client_ids": [], "capacity": 1}
        if path.endswith("/reschedule"):
            return moment
        if path.endswith("/reassign"):
            return {"organizer_id": random.choice([self._organizer, self._studio.people["Owner"]]).id}
        if path.endswith(("/join", "/leave", "/queue", "/accept")):
            return {} if role == "Cliente" else {"client_id": self._studio.clients[2 if path.endswith("/join") else 0]}
        if path.endswith("/series"):
            told = {"title": f"Session {self._studio.canary('0')}", "end_time": (start + timedelta(minutes=30)).isoformat(), **moment}
            return {**told, "rrule": "FREQ=DAILY;COUNT=1"}
        if path.endswith("/feeds"):
            return {"mode": "full"}
        if path.endswith(("/time-off", "/<uuid:time_off_id>", "/{time_off_id}")):
            return {**example, "user_id": self._studio.people[role].id, "room_id": None} if role in ("Owner", "Colaborador") else None
        if path.endswith(("/services", "/rooms", "/<uuid:service_id>", "/{service_id}", "/<uuid:room_id>", "/{room_id}")):
            return {**example, "name": f"{new_id()} {self._studio.canary('w')}"}
        return None

    def _planting(self) -> Any:
        return _Planting(self._connection)

    def _write(self, query: str, **given: Any) -> None:
        self._connection.execute(query.encode(), {"ws": self._studio.id, **given})


class _Planting:
    """A transaction in which the database runs no triggers: nothing of this is anybody's doing."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._transaction = connection.transaction()

    def __enter__(self) -> None:
        self._transaction.__enter__()
        self._connection.execute("set local session_replication_role = replica")

    def __exit__(self, *error: Any) -> None:
        self._transaction.__exit__(*error)


def _later() -> datetime:
    """A half hour to come, within a booking window of two years, that nobody else takes soon."""
    first = (datetime.now(UTC) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    return first + timedelta(minutes=30 * (next(_HALF_HOURS) * 7919 % 30_000))
