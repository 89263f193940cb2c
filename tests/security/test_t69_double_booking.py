"""T69: sixty-four who want one time or one room: one gets it, the others are told precisely, nothing overlaps.

The positive control takes the lock and the constraints away, and then the same harness finds overlaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from config.settings import Settings
from plugins.bookings.repository import bookings as stored
from plugins.bookings.repository.conditions import here
from plugins.sdk import sa, sql, statement
from tests.agenda import Agenda, a_day
from tests.security.races import LOST, SLOTS, TORTURE_SLOTS, WRITERS, Race, acting, booking, check, overlaps, raced, time_wrong, without_guards
from tests.servers import Api, Cluster, Reply

HOUR = timedelta(hours=1)


def asking(start: datetime, service: str) -> Callable[[Agenda], Reply]:
    return lambda own: own.book(start, who="Cliente", service_id=service)


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


@pytest.mark.parametrize("harness", [check_one_slot, check_moves, check_rooms, check_approvals])
def test_t69_without_lock_and_constraints_the_harness_finds_overlaps(unguarded: Agenda, harness: Callable[..., None]) -> None:
    """The positive control."""
    given = {} if harness is check_one_slot else {"writers" if harness is not check_moves else "movers": 8}
    with pytest.raises(AssertionError):
        harness(unguarded, 8, **given)
    assert overlaps(unguarded) > 0


def test_t69_without_the_lock_of_the_booking_several_answers_count(unguarded: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control of approvals."""
    unguarded.hours()
    service = unguarded.service(needs_approval=True)["id"]
    unlocked = statement(sa.select(stored.bookings, stored._CLIENTS).where(here(stored.bookings)))
    monkeypatch.setattr(stored, "LOCK", unlocked)
    monkeypatch.setattr(stored, "LOCK_TIME", sql("select $1::uuid, $2::uuid", "workspace_id", "id"))
    race = Race()
    for _ in range(5):
        made = unguarded.booked(a_day(), who="Cliente", service_id=service)
        raced(unguarded, [acting(made["id"], "approve", None)] * 8, race)
    assert max(race.winners) > 1


@pytest.fixture
def unguarded(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agenda]:
    with without_guards(cluster, monkeypatch) as agenda:
        yield agenda


@pytest.fixture(scope="module")
def agenda(server: Api, settings: Settings) -> Agenda:
    return Agenda.new(server, settings)
