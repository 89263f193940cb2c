"""Seats of classes when many things happen to one class: a series edited at once, a queue with an offer, a class that shrinks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply, owner_of


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=4)


def test_a_seat_that_is_offered_stays_taken_when_the_whole_series_gets_other_clients(agenda: Agenda) -> None:
    first = _offered(agenda)
    a, _, _, d, *_ = agenda.clients
    assert _patch(agenda, first, {"client_ids": [a, d]}, scope="all").json["code"] == "class_full"
    assert agenda.act(first, "queue/accept", {"client_id": agenda.clients[2]}).status == 200
    assert _seats(agenda, first) == (2, 2, 2, [])


def test_who_waits_and_gets_a_seat_with_the_series_waits_no_longer(agenda: Agenda) -> None:
    first = _offered(agenda)
    a, _, c, *_ = agenda.clients
    changed = _patch(agenda, first, {"client_ids": [a, c]}, scope="all")
    assert changed.status == 200, changed.body
    assert _seats(agenda, first) == (2, 2, 2, [])
    assert _patch(agenda, first, {"capacity": 3}, scope="all").status == 200
    assert agenda.act(first, "join", {"client_id": agenda.clients[3]}).status == 200
    assert _seats(agenda, first) == (3, 3, 3, [])


def test_a_declined_offer_gives_one_seat_back_after_the_series_was_edited(agenda: Agenda) -> None:
    first = _offered(agenda)
    assert _patch(agenda, first, {"client_ids": [agenda.clients[3]]}, scope="all").status == 200
    assert agenda.ask("DELETE", f"/api/v1/bookings/{first['id']}/queue?client_id={agenda.clients[2]}").status == 204
    assert _seats(agenda, first) == (2, 1, 1, [])


def test_a_class_shrinks_together_with_its_clients(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), capacity=3, client_ids=agenda.clients[:3])
    changed = _patch(agenda, made, {"capacity": 2, "client_ids": agenda.clients[:2]})
    assert changed.status == 200, changed.body
    assert _seats(agenda, made) == (2, 2, 2, [])
    assert _patch(agenda, made, {"capacity": 3, "client_ids": agenda.clients[:3]}).status == 200
    assert _patch(agenda, made, {"capacity": 2}).json["code"] == "class_full"
    assert _seats(agenda, made) == (3, 3, 3, [])


def test_what_is_no_class_any_more_has_no_queue_and_no_offered_seat(agenda: Agenda) -> None:
    others: dict[str, Any] = {"client_ids": agenda.clients[:1]}  # of the occurrences where both still come
    for scope, more in ((None, {}), ("all", others)):
        first = _offered(agenda)
        assert _patch(agenda, first, {"capacity": 1, **more}, scope=scope).status == 200
        assert _seats(agenda, first) == (1, 1, 1, [])
        assert _patch(agenda, first, {"client_ids": agenda.clients[3:4]}).status == 200


def test_a_cliente_joins_within_the_notice_and_the_window_of_the_service(agenda: Agenda) -> None:
    service = agenda.service(capacity=2, notice_minutes=2880, window_days=5)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for days, about in ((1, "2880 minutes"), (30, "5 days")):
        made = agenda.booked(now + timedelta(days=days), service_id=service["id"], client_ids=[])
        assert about in _refused(agenda.act(made, "join", {}, who="Cliente"))
        for client in agenda.clients[1:3]:
            assert agenda.act(made, "join", {"client_id": client}).status == 200  # the staff whenever it likes
        assert about in _refused(agenda.act(made, "queue", {}, who="Cliente"))
    made = agenda.booked(now + timedelta(days=3), service_id=service["id"], client_ids=[])
    assert agenda.act(made, "join", {}, who="Cliente").status == 200


def test_a_cliente_joins_no_class_of_a_service_that_is_not_offered_any_more(agenda: Agenda) -> None:
    service = agenda.service(capacity=2)
    made = agenda.booked(a_day(), service_id=service["id"], client_ids=[])
    assert agenda.ask("DELETE", f"/api/v1/bookings/services/{service['id']}").status == 204
    assert "not offered any more" in _refused(agenda.act(made, "join", {}, who="Cliente"))


def test_a_seat_that_was_offered_is_taken_after_the_notice_too(agenda: Agenda) -> None:
    service = agenda.service(capacity=2)
    made = agenda.booked(a_day(), service_id=service["id"], client_ids=agenda.clients[1:3])
    assert agenda.act(made, "queue", {}, who="Cliente").status == 201
    assert agenda.ask("PATCH", f"/api/v1/bookings/services/{service['id']}", {"notice_minutes": 40_000}, **{"If-Match": "*"}).status == 200
    assert agenda.act(made, "leave", {"client_id": agenda.clients[1]}).status == 204
    accepted = agenda.act(made, "queue/accept", {}, who="Cliente")
    assert accepted.status == 200, accepted.body


def test_a_cliente_who_is_taken_out_sees_nothing_of_it_any_more(agenda: Agenda) -> None:
    start = a_day()
    made = agenda.booked(start, capacity=2, client_ids=agenda.clients[:2], title="Pair")
    path, day = f"/api/v1/bookings/{made['id']}", start.date()
    assert agenda.get(path, who="Cliente").status == 200
    assert [each["id"] for each in agenda.get(f"/api/v1/bookings?view=day&date={day}", who="Cliente").json["items"]] == [made["id"]]
    assert _patch(agenda, made, {"client_ids": agenda.clients[1:2], "title": "Session with Bob"}).status == 200
    assert agenda.get(path, who="Cliente").status == 404
    assert agenda.get(f"/api/v1/bookings?view=day&date={day}", who="Cliente").json["items"] == []
    assert agenda.get(path).status == 200


def test_nor_does_what_is_not_theirs_any_more_obey_them(agenda: Agenda) -> None:
    agenda.hours()
    start, service = a_day(), agenda.service()["id"]
    made = agenda.booked(start, who="Cliente", service_id=service)
    assert _patch(agenda, made, {"client_ids": agenda.clients[1:2]}).status == 200
    path = f"/api/v1/bookings/{made['id']}"
    before = agenda.get(path).json
    moved = {"start_time": (start + timedelta(hours=2)).isoformat()}
    replies = [agenda.act(made, verb, body, who="Cliente") for verb, body in (("cancel", {}), ("reschedule", moved), ("leave", {}))]
    replies.append(agenda.ask("DELETE", path, who="Cliente", **{"If-Match": "*"}))
    assert [reply.status for reply in replies] == [404] * 4, [reply.body for reply in replies]
    assert agenda.get(path).json == before


def test_of_a_cancelled_class_a_cliente_is_told_when_they_take_part_alone(agenda: Agenda) -> None:
    never, left, there = (agenda.booked(a_day(), capacity=3, client_ids=agenda.clients[n:3], service_id=None) for n in (1, 0, 0))
    assert _patch(agenda, left, {"client_ids": agenda.clients[1:3]}).status == 200
    for made, status in ((never, 404), (left, 404), (there, 409)):
        assert agenda.act(made, "cancel").status == 200
        for verb in ("join", "queue", "queue/accept"):
            reply = agenda.act(made, verb, {}, who="Cliente")
            assert (reply.status, reply.json["code"]) == (status, "already_cancelled" if status == 409 else "not_found"), (verb, reply.body)


def _offered(agenda: Agenda) -> dict[str, Any]:
    """The first of a series of classes of two: a has a seat, and the other is offered to c."""
    a, b, c, *_ = agenda.clients
    start = a_day()
    body = {"title": "Class", "capacity": 2, "client_ids": [a, b], "rrule": "FREQ=DAILY;INTERVAL=301;COUNT=3", "organizer_id": agenda.organizer}
    made = agenda.post("/api/v1/bookings/series", {**body, "start_time": start.isoformat(), "end_time": (start + timedelta(hours=1)).isoformat()})
    assert made.status == 201, made.body
    found = agenda.get(f"/api/v1/bookings?view=day&date={start.date()}").json["items"]
    first = dict(next(each for each in found if each["series_id"] == made.json["id"]))
    assert agenda.act(first, "queue", {"client_id": c}).status == 201
    assert agenda.act(first, "leave", {"client_id": b}).status == 204
    assert _seats(agenda, first) == (2, 2, 1, ["offered"])
    return first


def _patch(agenda: Agenda, made: dict[str, Any], changes: dict[str, Any], *, scope: str | None = None) -> Reply:
    query = "" if scope is None else f"?scope={scope}"
    return agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}{query}", changes, **{"If-Match": "*"})


def _seats(agenda: Agenda, made: dict[str, Any]) -> tuple[int, int, int, list[str]]:
    """Capacity, seats taken, people in it, who waits."""
    with owner_of(agenda.settings) as connection:
        row = connection.execute(
            "select t.capacity, t.taken, (select count(*) from bookings_participant where booking_id = t.id and status <> 'left'),"
            " array(select status from bookings_queue_place where booking_id = t.id order by number) from bookings_time t where t.id = %s",
            (made["id"],),
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2], row[3]


def _refused(reply: Reply) -> str:
    assert (reply.status, reply.json["code"]) == (409, "slot_unavailable"), reply.body
    return str(reply.json["detail"])
