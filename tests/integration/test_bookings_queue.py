"""Queues of full classes: in order, offered for a while, passed on without a worker; no seat is lost and none taken twice."""

from __future__ import annotations

import contextlib
import random
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from plugins.bookings.repository import queue as stored
from tests.agenda import Agenda, a_day
from tests.office import Office
from tests.servers import Api, owner_of

_THREADS = 16


class TestQueue:
    def test_only_a_full_class_has_a_queue(self, agenda: Agenda) -> None:
        made = _class(agenda, 2, agenda.clients[1:2])
        refused = _queue(agenda, made, 3)
        assert (refused.status, refused.json["code"]) == (409, "not_full")
        assert agenda.act(made, "join", {"client_id": agenda.clients[2]}).status == 200
        place = _queue(agenda, made, 3)
        assert place.status == 201, place.body
        assert (place.json["client_id"], place.json["position"], place.json["status"]) == (agenda.clients[3], 1, "waiting")
        single = agenda.booked(a_day(), client_ids=agenda.clients[:1])
        assert _queue(agenda, single, 3).json["code"] == "not_a_class"
        assert agenda.post(f"/api/v1/bookings/{uuid.uuid4()}/queue", {"client_id": agenda.clients[3]}).status == 404

    def test_nobody_stands_twice_or_takes_part_already(self, agenda: Agenda, full: dict[str, Any]) -> None:
        assert _queue(agenda, full, 3).status == 201
        assert _queue(agenda, full, 3).json["code"] == "already_queued"
        assert _queue(agenda, full, 1).json["code"] == "already_joined"
        missing = agenda.act(full, "queue", {})
        assert (missing.status, missing.json["errors"][0]["pointer"]) == (422, "/client_id")
        unknown = agenda.act(full, "queue", {"client_id": str(uuid.uuid4())})
        assert (unknown.status, unknown.json["code"]) == (422, "invalid_reference")

    def test_the_staff_sees_all_in_order_and_a_cliente_their_place(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            assert _queue(agenda, full, n).status == 201
        own = agenda.act(full, "queue", {}, who="Cliente")
        assert (own.status, own.json["position"]) == (201, 3)
        assert _places(agenda, full) == [(3, "waiting"), (4, "waiting"), (0, "waiting")]
        seen = agenda.get(f"/api/v1/bookings/{full['id']}/queue", who="Cliente").json["items"]
        assert [(each["client_id"], each["position"]) for each in seen] == [(agenda.clients[0], 3)]
        first = agenda.get(f"/api/v1/bookings/{full['id']}/queue?limit=2").json
        rest = agenda.get(f"/api/v1/bookings/{full['id']}/queue?limit=2&cursor={first['next_cursor']}").json
        assert [each["position"] for each in first["items"] + rest["items"]] == [1, 2, 3]
        assert agenda.act(full, "queue", {"client_id": agenda.clients[5]}, who="Cliente").status == 403

    def test_a_freed_seat_is_offered_to_the_first_and_to_nobody_else(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            _queue(agenda, full, n)
        assert agenda.act(full, "leave", {"client_id": agenda.clients[1]}).status == 204
        assert _places(agenda, full) == [(3, "offered"), (4, "waiting")]
        assert _taken(agenda, full) == 2
        assert agenda.act(full, "join", {"client_id": agenda.clients[5]}).json["code"] == "class_full"
        assert _accept(agenda, full, 4).json["code"] == "not_offered"
        taken = _accept(agenda, full, 3)
        assert taken.status == 200, taken.body
        assert sorted(taken.json["client_ids"]) == sorted([agenda.clients[2], agenda.clients[3]])
        assert (_places(agenda, full), _taken(agenda, full)) == ([(4, "waiting")], 2)
        assert _accept(agenda, full, 3).status == 404

    def test_a_cliente_who_leaves_offers_the_seat_to_somebody_they_cannot_see(self, agenda: Agenda) -> None:
        made = _class(agenda, 2, [agenda.clients[0], agenda.clients[1]])
        _queue(agenda, made, 2)
        assert agenda.act(made, "leave", {}, who="Cliente").status == 204
        assert _places(agenda, made) == [(2, "offered")]
        assert agenda.get(f"/api/v1/bookings/{made['id']}/queue", who="Cliente").json["items"] == []

    def test_a_cliente_accepts_their_offer(self, agenda: Agenda, full: dict[str, Any]) -> None:
        agenda.act(full, "queue", {}, who="Cliente")
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        taken = agenda.act(full, "queue/accept", {}, who="Cliente")
        assert (taken.status, taken.json["client_ids"], taken.json["seats_taken"]) == (200, agenda.clients[:1], 2)

    def test_more_capacity_offers_more_seats(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4, 5):
            _queue(agenda, full, n)
        assert agenda.ask("PATCH", f"/api/v1/bookings/{full['id']}", {"capacity": 4}).status == 200
        assert _places(agenda, full) == [(3, "offered"), (4, "offered"), (5, "waiting")]
        assert _taken(agenda, full) == 4
        small = agenda.ask("PATCH", f"/api/v1/bookings/{full['id']}", {"capacity": 3})
        assert (small.status, small.json["code"]) == (409, "class_full")

    def test_whoever_the_staff_seats_leaves_the_queue(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            _queue(agenda, full, n)
        changed = agenda.ask("PATCH", f"/api/v1/bookings/{full['id']}", {"client_ids": [agenda.clients[2], agenda.clients[4]]})
        assert changed.status == 200, changed.body
        assert (_places(agenda, full), _taken(agenda, full)) == ([(3, "waiting")], 2)

    def test_leaving_the_queue_passes_an_offer_on(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            _queue(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        path = f"/api/v1/bookings/{full['id']}/queue"
        assert agenda.ask("DELETE", f"{path}?client_id={agenda.clients[3]}").status == 204
        assert agenda.ask("DELETE", f"{path}?client_id={agenda.clients[3]}").status == 404
        assert _places(agenda, full) == [(4, "offered")]
        assert agenda.ask("DELETE", f"{path}?client_id={agenda.clients[4]}").status == 204
        assert (_places(agenda, full), _taken(agenda, full)) == ([], 1)

    def test_an_offer_that_is_over_passes_on_when_anybody_looks(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            _queue(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        _over(agenda, full)
        assert _places(agenda, full) == [(4, "offered")]
        assert _accept(agenda, full, 3).status == 404
        _over(agenda, full)
        assert agenda.act(full, "join", {"client_id": agenda.clients[5]}).status == 200
        assert (_places(agenda, full), _taken(agenda, full)) == ([], 2)

    def test_an_offer_holds_for_the_minutes_of_the_setting_and_never_beyond_the_start(self, agenda: Agenda) -> None:
        soon = datetime.now(UTC) + timedelta(minutes=20)
        for start, until in ((soon, soon), (a_day(), datetime.now(UTC) + timedelta(minutes=60))):
            made = _class(agenda, 2, agenda.clients[1:3], start)
            _queue(agenda, made, 3)
            agenda.act(made, "leave", {"client_id": agenda.clients[1]})
            (place,) = agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"]
            assert abs(datetime.fromisoformat(place["offered_until"]) - until) < timedelta(seconds=30)

    def test_others_are_told(self, agenda: Agenda, full: dict[str, Any]) -> None:
        for n in (3, 4):
            _queue(agenda, full, n)
        agenda.ask("DELETE", f"/api/v1/bookings/{full['id']}/queue?client_id={agenda.clients[3]}")
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        _accept(agenda, full, 4)
        with owner_of(agenda.settings) as connection:
            told = connection.execute("select name from outbox where payload ->> 'booking_id' = %s order by id", (full["id"],)).fetchall()
        assert [each[0] for each in told] == [
            "bookings_created", "bookings_queued", "bookings_queued", "bookings_dequeued", "bookings_left", "bookings_promoted", "bookings_joined",
        ]  # fmt: skip

    def test_a_cancelled_class_says_so(self, agenda: Agenda, full: dict[str, Any]) -> None:
        assert agenda.act(full, "cancel").status == 200
        for verb in ("join", "queue", "queue/accept"):
            refused = agenda.act(full, verb, {"client_id": agenda.clients[4]})
            assert (refused.status, refused.json["code"]) == (409, "already_cancelled"), (verb, refused.body)
            assert agenda.act(str(uuid.uuid4()), verb, {"client_id": agenda.clients[4]}).status == 404
        assert agenda.act(full, "join", who="Cliente").status == 404  # who never was in it does not see it

    def test_cancelling_the_class_ends_its_queue(self, agenda: Agenda, full: dict[str, Any]) -> None:
        _queue(agenda, full, 3)
        assert agenda.act(full, "cancel", {}).status == 200
        assert _places(agenda, full) == []
        assert _queue(agenda, full, 4).json["code"] == "already_cancelled"


class TestLater:
    def test_the_timer_passes_on_and_the_first_gets_a_letter(self, agenda: Agenda, full: dict[str, Any]) -> None:
        with Office.open(agenda.settings) as office:
            office.work()  # what is left of what happened to these people before
        addresses = {n: f"queue-{uuid.uuid4().hex[:8]}@example.com" for n in (3, 4)}
        for n, address in addresses.items():
            patched = agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[n]}", {"email": address}, **{"If-Match": "*"})
            assert patched.status == 200, patched.body
            _queue(agenda, full, n)
        agenda.act(full, "leave", {"client_id": agenda.clients[1]})
        with Office.open(agenda.settings) as office:
            office.work()
            assert full["title"] in office.text(addresses[3])
            assert not office.mails(addresses[4])
            _over(agenda, full)
            with owner_of(agenda.settings) as connection:
                due = "update outbox_deliveries set available_at = now() where workspace_id = %s and handler = 'bookings:pass_on' and done_at is null"
                assert connection.execute(due, (agenda.workspace,)).rowcount
            office.work()
            assert _stored(agenda, full) == [(4, "offered")]
            assert len(office.mails(addresses[3])) == len(office.mails(addresses[4])) == 1


class TestParallel:
    @pytest.mark.parametrize("side", ["gateway", "server"])
    def test_no_seat_is_lost_or_taken_twice(self, agenda: Agenda, request: pytest.FixtureRequest, side: str) -> None:
        found = request.getfixturevalue(side)
        answers, wrong = _storm(agenda, found.url if side == "server" else found, rounds=4)
        print(f"{side}: {sum(answers.values())} requests of {_THREADS} threads: {dict(sorted(answers.items()))}, {len(wrong)} wrong")
        assert wrong == []
        assert not [status for status in answers if status >= 500]

    def test_without_the_lock_the_harness_finds_wrong_seats(self, agenda: Agenda, gateway: Gateway, unlocked: None) -> None:
        answers, wrong = _storm(agenda, gateway, rounds=12)
        print(f"without the lock: {sum(answers.values())} requests, {len(wrong)} wrong")
        assert wrong or [status for status in answers if status >= 500]


def test_who_joins_while_two_become_one_never_stands_twice_and_nothing_fails(server: Api, settings: Settings, office: Office) -> None:
    """Both hold the clients first, and then the class."""
    agenda = Agenda.new(server, settings, clients=3)
    made = _class(agenda, 2, agenda.clients[:2])
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
        made = _class(agenda, 3, agenda.clients[:3])
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
                        reply = _queue(own, made, n)
                    case 4:
                        reply = _accept(own, made, n)
                    case _:
                        _over(own, made)
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


def _class(agenda: Agenda, capacity: int, clients: list[str], start: datetime | None = None) -> dict[str, Any]:
    service = agenda.service(capacity=capacity, organizer_ids=[agenda.people["Eva"].id])
    start = start or a_day() + timedelta(minutes=random.randrange(0, 600, 5))
    return agenda.booked(start, service_id=service["id"], client_ids=clients, organizer_id=agenda.people["Eva"].id)


def _queue(agenda: Agenda, made: dict[str, Any], n: int) -> Any:
    return agenda.act(made, "queue", {"client_id": agenda.clients[n]})


def _accept(agenda: Agenda, made: dict[str, Any], n: int) -> Any:
    return agenda.act(made, "queue/accept", {"client_id": agenda.clients[n]})


def _places(agenda: Agenda, made: dict[str, Any]) -> list[tuple[int, str]]:
    items = agenda.get(f"/api/v1/bookings/{made['id']}/queue").json["items"]
    return [(agenda.clients.index(each["client_id"]), each["status"]) for each in items]


def _stored(agenda: Agenda, made: dict[str, Any]) -> list[tuple[int, str]]:
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select e.client_id::text, p.status from bookings_queue_place p join bookings_queue_entry e on e.place_id = p.id"
            " where p.booking_id = %s order by p.number",
            (made["id"],),
        ).fetchall()  # fmt: skip
    return [(agenda.clients.index(client), status) for client, status in found]


def _taken(agenda: Agenda, made: dict[str, Any]) -> int:
    return int(agenda.get(f"/api/v1/bookings/{made['id']}").json["seats_taken"])


def _over(agenda: Agenda, made: dict[str, Any]) -> None:
    """Offers of a class are over; not when the fault lets the others wait for each other in a circle."""
    with contextlib.suppress(psycopg.errors.DeadlockDetected), owner_of(agenda.settings) as connection:
        connection.execute("select from bookings_time where id = %s for update", (made["id"],))
        over = "update bookings_queue_place set offered_until = now() - interval '1 second' where booking_id = %s and status = 'offered'"
        connection.execute(over, (made["id"],))


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LOCK", stored.sql("select 1 where $1::uuid is not null and $2::uuid[] is not null", "workspace_id", "ids"))


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=8)


@pytest.fixture
def full(agenda: Agenda) -> dict[str, Any]:
    """A class of two, taken by the second and third client."""
    return _class(agenda, 2, agenda.clients[1:3])
