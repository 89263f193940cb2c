"""Queues of full classes when many act at once: no seat is lost and none taken twice, also while two clients become one."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from plugins.bookings.repository import queue as stored
from tests.agenda import Agenda
from tests.office import Office
from tests.queues import accepting, class_of, offers_over, queueing
from tests.servers import Api, owner_of

_THREADS = 16


class TestParallel:
    @pytest.mark.parametrize("side", ["gateway", "server"])
    def test_no_seat_is_lost_or_taken_twice(self, agenda: Agenda, request: pytest.FixtureRequest, side: str) -> None:
        found = request.getfixturevalue(side)
        answers, wrong = _storm(agenda, found.url if side == "server" else found, rounds=4)
        print(f"{side}: {sum(answers.values())} requests of {_THREADS} threads: {dict(sorted(answers.items()))}, {len(wrong)} wrong")
        assert wrong == []
        assert not [status for status in answers if status >= 500]

    def test_without_the_lock_the_harness_finds_wrong_seats(self, agenda: Agenda, gateway: Gateway, unlocked: None) -> None:
        for storm in range(1, 17):  # whether two meet is chance
            answers, wrong = _storm(agenda, gateway, rounds=12)
            print(f"without the lock, storm {storm}: {sum(answers.values())} requests, {len(wrong)} wrong")
            if found := wrong or [status for status in answers if status >= 500]:
                break
        assert found


def test_who_joins_while_two_become_one_never_stands_twice_and_nothing_fails(server: Api, settings: Settings, office: Office) -> None:
    """Both hold the clients first, and then the class."""
    agenda = Agenda.new(server, settings, clients=3)
    made = class_of(agenda, 2, agenda.clients[:2])
    path = f"/api/v1/bookings/{made['id']}/queue"
    answers: Counter[str] = Counter()
    for n in range(12):
        into, source = (agenda.made("/api/v1/clients", {"full_name": f"Twin {n} {uuid.uuid4().hex}"})["id"] for _ in range(2))
        if n % 2:  # both wait already, or one does
            assert agenda.post(path, {"client_id": (into, source)[n % 4 // 2]}).status == 201
        acts = [
            [("/api/v1/clients/" + into + "/merge", {"from": source})],
            [(path, {"client_id": source}), (path, {"client_id": into})],
            [(f"/api/v1/bookings/{made['id']}/leave", {"client_id": agenda.clients[0]}), (f"{path}/accept", {"client_id": source})],
        ]
        start = threading.Barrier(len(acts))

        def go(several: list[tuple[str, Any]], start: threading.Barrier = start) -> None:
            start.wait()
            for where, body in several:
                reply = agenda.post(where, body)
                answers[f"{reply.status} {reply.json.get('code', '') if reply.status >= 400 else ''}"] += 1

        threads = [threading.Thread(target=go, args=(each,)) for each in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        agenda.act(made, "join", {"client_id": agenda.clients[0]})
    print(f"joining and merging: {dict(sorted(answers.items()))}")
    assert [answer for answer in answers if answer.startswith("5") or answer == "409 busy"] == []
    office.work()  # what was written while a merge was under way follows
    assert list(_wrong(agenda, made)) == []
    with owner_of(settings) as connection:
        left = connection.execute(
            "select c.id from clients c join bookings_queue_entry e on e.client_id = c.id where c.workspace_id = %(w)s and c.merged_into is not null"
            " union all select p.client_id from bookings_participant p join bookings_queue_entry e on e.booking_id = p.booking_id"
            " and e.client_id = p.client_id where p.workspace_id = %(w)s and p.status <> 'left'",
            {"w": agenda.workspace},
        ).fetchall()
    assert left == []


def _storm(agenda: Agenda, target: Any, rounds: int) -> tuple[Counter[int], list[str]]:
    """Everybody joins, leaves, queues, accepts and lets offers run out at once; then seats and people are counted."""
    answers: Counter[int] = Counter()
    wrong: list[str] = []
    for _ in range(rounds):
        made = class_of(agenda, 3, agenda.clients[:3])
        start = threading.Barrier(_THREADS)

        def act(seed: int, made: dict[str, Any] = made, start: threading.Barrier = start) -> None:
            chance = random.Random(seed)
            own = Agenda(Api(target), agenda.settings, agenda.workspace, agenda.people, agenda.clients)
            start.wait()
            for _ in range(6):
                n = chance.randrange(len(agenda.clients))
                match chance.randrange(6):
                    case 0:
                        reply = own.act(made, "join", {"client_id": own.clients[n]})
                    case 1:
                        reply = own.act(made, "leave", {"client_id": own.clients[n]})
                    case 2 | 3:
                        reply = queueing(own, made, n)
                    case 4:
                        reply = accepting(own, made, n)
                    case _:
                        offers_over(own, made)
                        reply = own.get(f"/api/v1/bookings/{made['id']}/queue")
                answers[reply.status] += 1

        threads = [threading.Thread(target=act, args=(seed,)) for seed in range(_THREADS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        wrong += _wrong(agenda, made)
    return answers, wrong


def _wrong(agenda: Agenda, made: dict[str, Any]) -> Iterator[str]:
    with owner_of(agenda.settings) as connection:
        (taken, capacity, seated, offered, waiting) = connection.execute(
            "select t.taken, t.capacity, (select count(*) from bookings_participant where booking_id = t.id and status <> 'left'),"
            " (select count(*) from bookings_queue_place where booking_id = t.id and status = 'offered'),"
            " (select count(*) from bookings_queue_place where booking_id = t.id and status = 'waiting') from bookings_time t where id = %s",
            (made["id"],),
        ).fetchone() or (None,) * 5  # fmt: skip
        both = connection.execute(
            "select count(*) from bookings_queue_entry e join bookings_participant p using (workspace_id, booking_id, client_id)"
            " where e.booking_id = %s and p.status <> 'left'",
            (made["id"],),
        ).fetchone()  # fmt: skip
    if seated + offered > capacity or taken != seated + offered:
        yield f"{taken} seats taken of {capacity} by {seated} and {offered} offers"
    if waiting and taken < capacity:
        yield f"{waiting} wait, and {capacity - taken} seats are free"
    if both != (0,):
        yield f"{both} take part and wait"


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LOCK", stored.sql("select 1 where $1::uuid is not null and $2::uuid[] is not null", "workspace_id", "ids"))


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=8)
