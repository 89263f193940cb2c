"""T69 of classes and holds: sixty-four who want the last seats get as many as there are, and of those who hold or book one time one has it.

The positive controls take away what counts: the database's check and the condition under the lock, the lock and the constraints of time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from config.settings import Settings
from plugins.bookings.repository.times import Times
from plugins.sdk import ctx, sql
from tests.agenda import Agenda, a_day
from tests.security.races import LOST, TORTURE_SLOTS, WRITERS, Race, acting, booking, check, holding, overlaps, raced, seats_wrong, without_guards
from tests.servers import Api, Cluster, owner_of

SEATS = 5
UNSEATED = {"class_full", "busy"}
LOOK = sql("select * from bookings_time where workspace_id = $1 and id = $2", "workspace_id", "id")


def check_seats(agenda: Agenda, slots: int, writers: int = WRITERS) -> None:
    """Everybody joins one class; then who is in it leaves while the others join, again and again."""
    clients = [agenda.made("/api/v1/clients", {"full_name": f"Crowd {n}"})["id"] for n in range(writers)]
    joins, both = Race(), Race()
    for _ in range(slots):
        made = agenda.booked(a_day(), capacity=SEATS)
        raced(agenda, [acting(made["id"], "join", {"client_id": each}) for each in clients], joins)
        assert overfull(agenda) == 0
        there = agenda.get(f"/api/v1/bookings/{made['id']}").json["client_ids"]
        raced(agenda, [acting(made["id"], "leave" if each in there else "join", {"client_id": each}) for each in clients], both)
    check(agenda, joins, f"{writers} joins x {slots} classes of {SEATS}", UNSEATED, each=SEATS)
    print(both.told(f"{writers} joins and leaves x {slots} classes"))
    assert set(both.codes) <= {"won", *UNSEATED}
    assert both.slowest < 1 or slots < TORTURE_SLOTS
    assert (seats_wrong(agenda), overfull(agenda)) == ([], 0)


def check_holds(agenda: Agenda, slots: int, writers: int = WRITERS) -> None:
    """Half of them hold a time that the other half books; then whoever holds it, or another, books it with everybody in the way."""
    held, booked, service = Race(), Race(), agenda.service()["id"]
    for _ in range(slots):
        start = a_day()
        wanted = {"service_id": service, "organizer_id": agenda.organizer, "start_time": start.isoformat()}
        replies = raced(agenda, [holding(wanted)] * (writers // 2) + [booking(agenda, start)] * (writers // 2), held)
        holds = [reply.json["id"] for reply in replies if reply.status == 201 and "expires_at" in reply.json]
        if not holds:
            start = a_day()
            holds = [agenda.made("/api/v1/bookings/holds", {**wanted, "start_time": start.isoformat()})["id"]]
        for id in holds:
            asks = [booking(agenda, start, service_id=service, hold_id=id if n % 2 else None) for n in range(writers)]
            replies = raced(agenda, asks, booked)
            assert [n % 2 for n, reply in enumerate(replies) if reply.status == 201] == [1]
    check(agenda, held, f"{writers} who hold or book x {slots} slots")
    check(agenda, booked, f"{writers} who book what is held x {len(booked.winners)} slots", {*LOST, "hold_expired"})


def overfull(agenda: Agenda) -> int:
    """Classes with more clients than seats."""
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select count(*) from bookings b where workspace_id = %s and capacity < (select count(*) from bookings_participant p"
            " where p.workspace_id = b.workspace_id and p.booking_id = b.id and p.status <> 'left')",
            (agenda.workspace,),
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_t69_seats_are_never_more_than_there_are(agenda: Agenda) -> None:
    check_seats(agenda, 3, WRITERS // 2)


def test_t69_one_holds_and_books_the_slot(agenda: Agenda) -> None:
    check_holds(agenda, 4, WRITERS // 2)


@pytest.mark.torture
@pytest.mark.parametrize("harness", [check_seats, check_holds])
def test_t69_of_two_hundred_each_is_counted_once(server: Api, settings: Settings, harness: Callable[[Agenda, int], None]) -> None:
    harness(Agenda.new(server, settings), TORTURE_SLOTS)


def test_t69_without_the_count_under_the_lock_the_harness_finds_more_than_there_are(unguarded: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control of seats: looked at first, and then taken."""

    def looked_at(times: Times, id: UUID) -> Any:
        found = ctx.work.one(LOOK, id=id)
        if found is None or found["taken"] >= found["capacity"]:
            return None
        time.sleep(0.02)  # all have looked
        times.reseat(id, 1)
        return found

    monkeypatch.setattr(Times, "seat", looked_at)
    with owner_of(unguarded.settings) as connection:
        connection.execute("alter table bookings_time drop constraint ck_bookings_time_taken")
    with pytest.raises(AssertionError):
        check_seats(unguarded, 3, writers=16)
    assert overfull(unguarded) > 0  # which it stops at


def test_t69_without_lock_and_constraints_the_harness_finds_two_who_hold(unguarded: Agenda) -> None:
    """The positive control of holds."""
    with pytest.raises(AssertionError):
        check_holds(unguarded, 2, writers=8)
    assert overlaps(unguarded) > 0


@pytest.fixture
def unguarded(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agenda]:
    with without_guards(cluster, monkeypatch) as agenda:
        yield agenda


@pytest.fixture(scope="module")
def agenda(server: Api, settings: Settings) -> Agenda:
    return Agenda.new(server, settings)
