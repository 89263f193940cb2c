"""A booking's version rises with whatever it shows, also with who comes and how many seats are taken; what acts on it is held to If-Match."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply, owner_of


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=4)


def test_whoever_joins_leaves_or_accepts_makes_what_others_hold_stale(agenda: Agenda) -> None:
    service = agenda.service(capacity=2)["id"]
    made = agenda.booked(a_day(), service_id=service, client_ids=agenda.clients[1:2])
    path = f"/api/v1/bookings/{made['id']}"
    steps: list[tuple[str, Callable[[], Reply]]] = [
        ("join of a Cliente", lambda: agenda.act(made, "join", {}, who="Cliente")),
        ("leave of a Cliente", lambda: agenda.act(made, "leave", {}, who="Cliente")),
        ("join", lambda: agenda.act(made, "join", {"client_id": agenda.clients[2]})),
        ("leave with an offer", lambda: _queued(agenda, made) or agenda.act(made, "leave", {"client_id": agenda.clients[1]})),
        ("accept", lambda: agenda.act(made, "queue/accept", {}, who="Cliente")),
    ]
    for name, act in steps:
        before = agenda.get(path)
        assert agenda.get(path, **{"If-None-Match": before.headers["ETag"]}).status == 304
        assert act().status in (200, 204), name
        after = agenda.get(path, **{"If-None-Match": before.headers["ETag"]})
        assert after.status == 200, name
        assert after.json["client_ids"] != before.json["client_ids"]
        assert after.json["version"] > before.json["version"]
        assert after.json["updated_at"] > before.json["updated_at"]
        late = agenda.ask("PATCH", path, {"client_ids": []}, **{"If-Match": before.headers["ETag"]})
        assert (late.status, agenda.get(path).json["client_ids"]) == (412, after.json["client_ids"]), name


@pytest.mark.parametrize("who", ["Owner", "Cliente"])
def test_seats_that_are_offered_or_given_back_do_as_well_whoever_does_it(agenda: Agenda, who: str) -> None:
    """At once, also by who does not see the class."""
    made = agenda.booked(a_day(), service_id=agenda.service(capacity=2)["id"], client_ids=agenda.clients[1:3])
    path = f"/api/v1/bookings/{made['id']}"
    _queued(agenda, made)
    assert agenda.act(made, "leave", {"client_id": agenda.clients[1]}).status == 204
    offered = agenda.get(path)
    assert offered.json["seats_taken"] == 2
    gone = agenda.ask("DELETE", f"{path}/queue" + (f"?client_id={agenda.clients[0]}" if who == "Owner" else ""), who=who)
    assert gone.status == 204, gone.body
    found = agenda.get(path, **{"If-None-Match": offered.headers["ETag"]})
    assert (found.status, found.json["seats_taken"]) == (200, 1)


def test_an_offer_that_is_over_does_as_well(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), service_id=agenda.service(capacity=2)["id"], client_ids=agenda.clients[1:3])
    path = f"/api/v1/bookings/{made['id']}"
    _queued(agenda, made)
    assert agenda.act(made, "leave", {"client_id": agenda.clients[1]}).status == 204
    offered = agenda.get(path)
    with owner_of(agenda.settings) as connection:
        connection.execute("update bookings_queue_place set offered_until = now() - interval '1 second' where booking_id = %s", (made["id"],))
    assert agenda.get(f"{path}/queue").json["items"] == []
    found = agenda.get(path, **{"If-None-Match": offered.headers["ETag"]})
    assert (found.status, found.json["seats_taken"]) == (200, 1)


def test_two_who_become_one_do_as_well(agenda: Agenda) -> None:
    a, b, c = agenda.clients[1:]
    shared, single = (agenda.booked(a_day(), capacity=3, client_ids=ids) for ids in ([a, b, c], [b, c]))
    other = agenda.booked(a_day(), capacity=3, client_ids=[c])
    before = {each["id"]: agenda.get(f"/api/v1/bookings/{each['id']}") for each in (shared, single, other)}
    merged = agenda.post(f"/api/v1/clients/{a}/merge", {"from": b})
    assert merged.status == 200, merged.body
    after = {id: agenda.get(f"/api/v1/bookings/{id}", **{"If-None-Match": reply.headers["ETag"]}) for id, reply in before.items()}
    assert [after[each["id"]].status for each in (shared, single, other)] == [200, 200, 304]
    assert [after[each["id"]].json["client_ids"] for each in (shared, single)] == [sorted([a, c])] * 2


def test_an_action_is_held_to_the_version_that_was_read(agenda: Agenda) -> None:
    agenda.hours()
    service = agenda.service(capacity=1, needs_approval=True)["id"]
    for verb, body, status in ACTIONS:
        start = a_day() - timedelta(days=700) if verb in ("complete", "no-show") else a_day()
        if verb in ("approve", "decline"):
            made = agenda.booked(start, who="Cliente", service_id=service)
        else:
            made = agenda.booked(start, client_ids=agenda.clients[1:3] if verb == "queue" else agenda.clients[1:2], capacity=2)
        path, read = f"/api/v1/bookings/{made['id']}", _tag(agenda, made)
        assert agenda.ask("PATCH", path, {"notes": "Bring a towel."}).status == 200
        given, before = _body(agenda, made, body), agenda.get(path).json
        for tag, expected in ((read, 412), ('W/"2-bookings.booking"', 412), ('"2-bookings.other"', 412), ("2", 400)):
            refused = _act(agenda, made, verb, given, tag)
            assert refused.status == expected, (verb, tag, refused.body)
        assert agenda.get(path).json == before, verb
        done = _act(agenda, made, verb, given, _tag(agenda, made))
        assert done.status == status, (verb, done.body)
        assert done.headers.get("ETag") == (_tag(agenda, made) if status == 200 else None), verb


def test_a_cliente_acts_on_what_they_read_too(agenda: Agenda) -> None:
    agenda.hours()
    made = agenda.booked(a_day(), who="Cliente", service_id=agenda.service()["id"])
    read = agenda.get(f"/api/v1/bookings/{made['id']}", who="Cliente").headers["ETag"]
    assert agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"title": "Evaluation"}).status == 200
    refused = _act(agenda, made, "cancel", {}, read, who="Cliente")
    assert (refused.status, agenda.get(f"/api/v1/bookings/{made['id']}").json["status"]) == (412, "booked")
    read = agenda.get(f"/api/v1/bookings/{made['id']}", who="Cliente").headers["ETag"]
    assert _act(agenda, made, "cancel", {}, read, who="Cliente").status == 200


def test_who_cannot_read_a_class_joins_it_without_a_version_or_with_any(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), service_id=agenda.service(capacity=2)["id"], client_ids=[])
    assert _act(agenda, made, "join", {}, _tag(agenda, made), who="Cliente").status == 412
    assert _act(agenda, made, "join", {}, "*", who="Cliente").status == 200


def test_the_document_says_which_actions_are(agenda: Agenda) -> None:
    paths = agenda.api.get("/api/v1/openapi.json").json["paths"]
    for verb, *_ in ACTIONS:
        found = paths[f"/api/v1/bookings/{{booking_id}}/{verb}"]["post"]
        assert "412" in found["responses"], verb
        assert [each["required"] for each in found["parameters"] if each["name"] == "If-Match"] == [False], verb
    made = paths["/api/v1/bookings"]["post"]
    assert "412" not in made["responses"]
    assert "If-Match" not in [each["name"] for each in made["parameters"]]


ACTIONS: list[tuple[str, Any, int]] = [
    ("cancel", {}, 200), ("reschedule", "later", 200), ("reassign", "eva", 200), ("approve", None, 200), ("decline", {}, 200),
    ("complete", None, 200), ("no-show", {}, 200), ("join", "client", 200), ("leave", "who comes", 204),
    ("queue", "client", 201),
]  # fmt: skip


def _body(agenda: Agenda, made: dict[str, Any], what: Any) -> Any:
    later = {"start_time": made["start_time"].replace("T09", "T13")}
    bodies = {"later": later, "eva": {"organizer_id": agenda.people["Eva"].id}, "client": {"client_id": agenda.clients[3]}}
    bodies["who comes"] = {"client_id": agenda.clients[1]}
    return bodies[what] if isinstance(what, str) else what


def _queued(agenda: Agenda, made: dict[str, Any]) -> None:
    reply = agenda.act(made, "queue", {}, who="Cliente")
    assert reply.status == 201, reply.body


def _tag(agenda: Agenda, made: dict[str, Any]) -> str:
    return str(agenda.get(f"/api/v1/bookings/{made['id']}").headers["ETag"])


def _act(agenda: Agenda, made: dict[str, Any], verb: str, body: Any, tag: str, *, who: str = "Owner") -> Reply:
    return agenda.post(f"/api/v1/bookings/{made['id']}/{verb}", body, who=who, key=uuid.uuid4().hex, **{"If-Match": tag})
