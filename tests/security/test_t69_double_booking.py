"""T69: sixty-four who want one time, one seat, one room, one hold: one gets it, the others are told precisely, nothing overlaps.

The positive control takes the lock and the constraints away, and then the same harness finds overlaps.
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from plugins.bookings.repository import bookings as stored
from plugins.bookings.repository.conditions import here
from plugins.bookings.repository.times import Times
from plugins.sdk import sa, statement
from tests.agenda import Agenda, a_day
from tests.servers import Api, Cluster, Reply, owner_of

WRITERS, SLOTS, TORTURE_SLOTS = 64, 6, 200
HOUR = timedelta(hours=1)
LOST = {"slot_taken", "busy"}
_NUMBERS = itertools.count()


@dataclass
class Race:
    """What became of everybody, over all slots."""

    codes: Counter[str] = field(default_factory=Counter)
    winners: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def told(self, name: str) -> str:
        p99 = statistics.quantiles(self.seconds, n=100)[98]
        return f"T69: {name}: {dict(self.codes)}; p99 {1000 * p99:.0f} ms"


def raced(agenda: Agenda, asks: Sequence[Callable[[Agenda], Reply]], into: Race) -> list[Reply]:
    """All at once, each over a connection of its own."""
    ready = threading.Barrier(len(asks))

    def run(ask: Callable[[Agenda], Reply]) -> Reply:
        own = Agenda(
            Api(agenda.api.url) if agenda.api._wsgi is None else agenda.api, agenda.settings, agenda.workspace, agenda.people, agenda.clients
        )
        ready.wait()
        began = time.perf_counter()
        reply = ask(own)
        into.seconds.append(time.perf_counter() - began)
        return reply

    with ThreadPoolExecutor(len(asks)) as pool:
        replies = list(pool.map(run, asks))
    into.winners.append(sum(reply.status < 300 for reply in replies))
    into.codes.update("won" if reply.status < 300 else reply.json["code"] for reply in replies)
    return replies


def overlaps(agenda: Agenda) -> int:
    """Pairs that take the same person's, or the same room's time at once."""
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select count(*) from bookings_time a join bookings_time b on a.workspace_id = b.workspace_id and a.id < b.id and a.blocked && b.blocked"
            " and (a.organizer_id = b.organizer_id or a.room_id = b.room_id) where a.workspace_id = %s",
            (agenda.workspace,),
        ).fetchone()
    assert found is not None
    return int(found[0])


def seats_wrong(agenda: Agenda) -> list[Any]:
    """Classes whose counted seats are not the clients who come, or are more than there are."""
    with owner_of(agenda.settings) as connection:
        return connection.execute(
            "select t.id, t.taken, t.capacity, count(p.client_id) from bookings_time t left join bookings_participant p"
            " on p.workspace_id = t.workspace_id and p.booking_id = t.booking_id and p.status <> 'left'"
            " where t.workspace_id = %s and t.booking_id is not null group by t.workspace_id, t.id having t.taken <> count(p.client_id)",
            (agenda.workspace,),
        ).fetchall()


def time_wrong(agenda: Agenda) -> list[Any]:
    """Bookings that stand and take no time, or are cancelled and take some."""
    with owner_of(agenda.settings) as connection:
        return connection.execute(
            "select b.id, b.status from bookings b left join bookings_time t on t.workspace_id = b.workspace_id and t.booking_id = b.id"
            " where b.workspace_id = %s and (b.status = 'cancelled') = (t.id is not null)",
            (agenda.workspace,),
        ).fetchall()


def booking(agenda: Agenda, start: datetime, **given: Any) -> Callable[[Agenda], Reply]:
    return lambda own: own.book(start, **given)


def acting(booking: str, verb: str, body: dict[str, Any] | None) -> Callable[[Agenda], Reply]:
    return lambda own: own.act(booking, verb, body)


def holding(wanted: dict[str, Any]) -> Callable[[Agenda], Reply]:
    return lambda own: own.post("/api/v1/bookings/holds", wanted)


def asking(start: datetime, service: str) -> Callable[[Agenda], Reply]:
    return lambda own: own.book(start, who="Cliente", service_id=service)


def check(agenda: Agenda, race: Race, name: str, lost: Iterable[str] = LOST) -> None:
    """One of each slot's, the others told why, nothing twice, and at scale in time."""
    print(race.told(name))
    assert race.winners == [1] * len(race.winners)
    assert set(race.codes) <= {"won", *lost}
    assert overlaps(agenda) == 0
    assert statistics.quantiles(race.seconds, n=100)[98] < 1 or len(race.winners) < TORTURE_SLOTS


def check_one_slot(agenda: Agenda, slots: int) -> None:
    race = Race()
    for _ in range(slots):
        start = a_day()
        # Not even the same time: whatever touches the hour is in its way.
        raced(
            agenda,
            [booking(agenda, start + timedelta(minutes=n % 3 * 20), client_ids=agenda.clients[n % 3 : n % 3 + 1]) for n in range(WRITERS)],
            race,
        )
    check(agenda, race, f"{WRITERS} writers x {slots} slots")


def check_moves(agenda: Agenda, slots: int, movers: int = WRITERS) -> None:
    """The same bookings again and again: who won one slot goes for the next as well."""
    race, days = Race(), [a_day() for _ in range(movers // 8 + 1)]
    scattered = [agenda.booked(days[n // 8] + n % 8 * HOUR) for n in range(movers)]
    for _ in range(slots):
        move = {"start_time": a_day().isoformat()}
        raced(agenda, [acting(each["id"], "reschedule", move) for each in scattered], race)
    check(agenda, race, f"{movers} moves x {slots} slots")


def check_rooms(agenda: Agenda, slots: int, writers: int = WRITERS) -> None:
    race, organizers = Race(), [agenda.people[name].id for name in ("Owner", "Colaborador", "Eva")]
    for _ in range(slots):
        start, room = a_day(), agenda.room()
        raced(agenda, [booking(agenda, start, room_id=room, organizer_id=organizers[n % 3]) for n in range(writers)], race)
    check(agenda, race, f"{writers} writers x {slots} rooms")


def check_approvals(agenda: Agenda, slots: int, writers: int = WRITERS) -> None:
    """Who asks for one slot, against the staff that books it; then everybody approves and declines what was asked for."""
    agenda.hours()
    asked, answered, service = Race(), Race(), agenda.service(needs_approval=True)["id"]
    for n in range(slots):
        start = a_day()
        staff = [booking(agenda, start)] * (writers // 4 if n % 2 else 0)
        replies = raced(agenda, [asking(start, service)] * (writers - len(staff)) + staff, asked)
        for won in (reply.json for reply in replies if reply.status == 201 and reply.json["status"] == "pending"):
            verbs = [acting(won["id"], "approve", None) if n % 3 else acting(won["id"], "decline", {}) for n in range(writers)]
            raced(agenda, verbs, answered)
    check(agenda, asked, f"{writers} who ask x {slots} slots", {*LOST, "slot_unavailable"})
    check(agenda, answered, f"{writers} who answer x {len(answered.winners)} slots", {"not_pending", "already_cancelled", "busy"})
    assert len(answered.winners) >= (slots + 1) // 2
    assert time_wrong(agenda) == []


def test_t69_one_writer_gets_the_slot(agenda: Agenda) -> None:
    check_one_slot(agenda, SLOTS)


@pytest.mark.torture
def test_t69_one_writer_gets_each_of_two_hundred_slots(agenda: Agenda) -> None:
    check_one_slot(agenda, TORTURE_SLOTS)


def test_t69_of_those_who_move_into_one_slot_one_succeeds(agenda: Agenda) -> None:
    check_moves(agenda, 3, 16)


def test_t69_one_room_is_one_bookings(agenda: Agenda) -> None:
    check_rooms(agenda, SLOTS, WRITERS // 2)


def test_t69_of_those_who_ask_one_waits_for_approval_and_one_answer_counts(agenda: Agenda) -> None:
    check_approvals(agenda, 2)


@pytest.mark.torture
@pytest.mark.parametrize("harness", [check_moves, check_rooms, check_approvals])
def test_t69_of_two_hundred_slots_each_is_one_persons(server: Api, settings: Settings, harness: Callable[[Agenda, int], None]) -> None:
    harness(Agenda.new(server, settings), TORTURE_SLOTS)


def test_t69_seats_are_never_more_than_there_are(agenda: Agenda) -> None:
    clients = [agenda.made("/api/v1/clients", {"full_name": f"Crowd {n}"}, who="Owner")["id"] for n in range(24)]
    race, made = Race(), agenda.booked(a_day(), capacity=5)
    raced(agenda, [acting(made["id"], "join", {"client_id": each}) for each in clients], race)
    assert (race.winners, set(race.codes)) == ([5], {"won", "class_full"})
    assert agenda.get(f"/api/v1/bookings/{made['id']}").json["seats_taken"] == 5
    there = agenda.get(f"/api/v1/bookings/{made['id']}").json["client_ids"]
    both = [acting(made["id"], "leave", {"client_id": each}) for each in there]
    both += [acting(made["id"], "join", {"client_id": each}) for each in clients if each not in there]
    raced(agenda, both, race)
    print(race.told("joins and leaves"))
    assert set(race.codes) <= {"won", "class_full", "busy"}
    assert seats_wrong(agenda) == []


def test_t69_one_holds_and_books_the_slot(agenda: Agenda) -> None:
    race, service = Race(), agenda.service()
    for _ in range(3):
        start = a_day()
        wanted = {"service_id": service["id"], "organizer_id": agenda.organizer, "start_time": start.isoformat()}
        raced(agenda, [holding(wanted)] * 16 + [booking(agenda, start)] * 16, race)
    print(race.told("holds and bookings"))
    assert race.winners == [1] * 3
    assert overlaps(agenda) == 0


@pytest.mark.parametrize("harness", [check_one_slot, check_moves, check_rooms, check_approvals])
def test_t69_without_lock_and_constraints_the_harness_finds_overlaps(unguarded: Agenda, harness: Callable[..., None]) -> None:
    """The positive control."""
    given = {} if harness is check_one_slot else {"writers" if harness is not check_moves else "movers": 8}
    with pytest.raises(AssertionError):
        harness(unguarded, 2, **given)
    assert overlaps(unguarded) > 0


def test_t69_without_the_lock_of_the_booking_several_answers_count(unguarded: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control of approvals."""
    unguarded.hours()
    service = unguarded.service(needs_approval=True)["id"]
    unlocked = statement(sa.select(stored.bookings, stored._CLIENTS).where(here(stored.bookings)))
    monkeypatch.setattr(stored, "LOCK", unlocked)
    race = Race()
    for _ in range(5):
        made = unguarded.booked(a_day(), who="Cliente", service_id=service)
        raced(unguarded, [acting(made["id"], "approve", None)] * 8, race)
    assert max(race.winners) > 1


@pytest.fixture
def unguarded(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agenda]:
    """In this process, without what keeps two apart."""
    settings = cluster.settings(cluster.clone(f"fitpro_unguarded_{next(_NUMBERS)}"))
    with owner_of(settings) as connection:
        connection.execute("alter table bookings_time drop constraint ex_bookings_time_organizer, drop constraint ex_bookings_time_room")
    monkeypatch.setattr(Times, "lock", lambda *_: None)
    installation = install(settings)
    try:
        yield Agenda.new(Api(web(installation)), settings)
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()


@pytest.fixture(scope="module")
def agenda(server: Api, settings: Settings) -> Agenda:
    return Agenda.new(server, settings)
