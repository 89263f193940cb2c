"""What becomes of a booking afterwards: who missed it, what that costs, what is forgiven, and what a client cannot undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.integration.test_booking_events import told
from tests.servers import Api

TEN = {"amount": 1000, "currency": "EUR"}


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


def test_a_no_show_that_was_noted_wrongly_costs_nothing(agenda: Agenda) -> None:
    made = _over(agenda)
    assert agenda.act(made, "no-show").json["status"] == "no_show"
    assert _people(agenda, made) == [("no_show", TEN)]
    assert agenda.act(made, "complete").json["status"] == "completed"
    assert _people(agenda, made) == [("attended", None)]


def test_a_fee_is_forgiven_afterwards_too_and_twice_is_once(agenda: Agenda) -> None:
    made = _over(agenda)
    assert agenda.act(made, "no-show").status == 200
    assert agenda.act(made, "no-show").json["code"] == "already_no_show"
    for _ in range(2):
        forgiven = agenda.act(made, "no-show", {"waive_fee": True})
        assert (forgiven.status, forgiven.json["status"]) == (200, "no_show")
        assert _people(agenda, made) == [("no_show", None)]


def test_who_missed_a_class_has_missed_it_when_it_is_completed(agenda: Agenda) -> None:
    made = _over(agenda, people=2)
    assert agenda.act(made, "no-show", {"client_ids": agenda.clients[:1]}).json["status"] == "booked"
    assert agenda.act(made, "complete").json["status"] == "completed"
    assert _people(agenda, made) == [("no_show", TEN), ("attended", None)]


def test_a_class_that_everybody_missed_one_by_one_is_a_no_show(agenda: Agenda) -> None:
    made = _over(agenda, people=2)
    assert agenda.act(made, "no-show", {"client_ids": agenda.clients[:1]}).json["status"] == "booked"
    assert agenda.act(made, "no-show", {"client_ids": agenda.clients[1:2]}).json["status"] == "no_show"


def test_nobody_can_have_missed_what_nobody_was_booked_for(agenda: Agenda) -> None:
    made = agenda.booked(a_day() - timedelta(days=700), client_ids=[])
    refused = agenda.act(made, "no-show")
    assert (refused.status, refused.json["code"]) == (409, "nobody_booked")


def test_a_class_is_completed_without_one_and_that_is_corrected_singly(agenda: Agenda) -> None:
    made, (first, second) = _over(agenda, people=2), agenda.clients[:2]
    assert agenda.act(made, "complete", {"missing": [first]}).json["status"] == "completed"
    assert _people(agenda, made) == [("no_show", TEN), ("attended", None)]
    assert agenda.act(made, "complete").json["code"] == "already_completed"
    assert agenda.act(made, "complete", {"missing": []}).json["status"] == "completed"
    assert _people(agenda, made) == [("attended", None), ("attended", None)]
    assert agenda.act(made, "complete", {"missing": [second, second], "waive_fee": True}).json["status"] == "completed"
    assert _people(agenda, made) == [("attended", None), ("no_show", None)]
    assert agenda.act(made, "complete", {"missing": [second]}).status == 200
    assert _people(agenda, made) == [("attended", None), ("no_show", None)]  # what was forgiven is not charged again
    assert agenda.act(made, "no-show", {"client_ids": [first]}).json["status"] == "no_show"
    assert agenda.act(made, "complete", {"missing": [first]}).json["status"] == "completed"
    assert _people(agenda, made) == [("no_show", TEN), ("attended", None)]


@pytest.mark.parametrize(
    ("named", "code"),
    [((0, 1), "validation_failed"), ((2,), "invalid_reference"), ((0, 2), "invalid_reference"), ((0, 1, 2), "validation_failed")],
)
def test_nothing_is_completed_without_anybody_or_with_a_stranger(agenda: Agenda, named: tuple[int, ...], code: str) -> None:
    made = _over(agenda, people=2)
    refused = agenda.act(made, "complete", {"missing": [agenda.clients[n] for n in named]})
    assert (refused.status, refused.json["code"], refused.json["errors"][0]["pointer"]) == (422, code, "/missing")
    assert agenda.get(f"/api/v1/bookings/{made['id']}").json["status"] == "booked"
    assert _people(agenda, made) == [("booked", None)] * 2


def test_who_is_missing_is_said_of_nothing_that_is_not_over(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), client_ids=agenda.clients[:2], capacity=2)
    assert agenda.act(made, "complete", {"missing": agenda.clients[:1]}).json["code"] == "not_over_yet"
    agenda.act(made, "cancel")
    assert agenda.act(made, "complete", {"missing": agenda.clients[:1]}).json["code"] == "already_cancelled"


def test_what_was_forgiven_is_not_charged_again(agenda: Agenda) -> None:
    made, missing = _over(agenda, people=2), {"client_ids": agenda.clients[:1]}
    assert agenda.act(made, "no-show", missing).status == 200
    assert agenda.act(made, "no-show", {**missing, "waive_fee": True}).status == 200
    assert agenda.act(made, "no-show", missing).status == 200
    assert _people(agenda, made) == [("no_show", None), ("booked", None)]


def test_a_cliente_calls_nothing_off_that_has_begun(agenda: Agenda) -> None:
    made = _over(agenda)
    for refused in (agenda.act(made, "cancel", {}, who="Cliente"), agenda.ask("DELETE", f"/api/v1/bookings/{made['id']}", who="Cliente")):
        assert (refused.status, refused.json["code"]) == (409, "already_started")
    assert agenda.act(made, "no-show").json["status"] == "no_show"
    assert agenda.act(_over(agenda), "cancel").status == 200  # the staff, who may have noted it wrongly


def test_another_time_needs_approval_where_the_service_does(agenda: Agenda) -> None:
    agenda.hours()
    service, start = agenda.service(needs_approval=True), a_day()
    made = agenda.book(start, who="Cliente", service_id=service["id"]).json
    assert agenda.act(made, "approve").json["status"] == "booked"
    later = (start + timedelta(hours=2)).isoformat()
    moved = agenda.act(made, "reschedule", {"start_time": later}, who="Cliente")
    assert (moved.status, moved.json["status"]) == (200, "pending")
    assert agenda.act(made, "approve").json["status"] == "booked"
    assert agenda.act(made, "reschedule", {"start_time": (start + timedelta(hours=4)).isoformat()}).json["status"] == "booked"


def test_a_late_fee_is_forgiven_afterwards_too(agenda: Agenda) -> None:
    service = agenda.service(late_fee=TEN, free_until_minutes=525_600)["id"]
    agenda.hours()
    made = agenda.book(a_day(), who="Cliente", service_id=service).json
    assert agenda.act(made, "cancel", who="Cliente").status == 200
    assert _people(agenda, made) == [("booked", TEN)]
    assert agenda.act(made, "cancel", {"waive_fee": True}, who="Cliente").json["code"] == "already_cancelled"
    assert agenda.act(made, "cancel").json["code"] == "already_cancelled"
    before = agenda.get(f"/api/v1/bookings/{made['id']}").json
    forgiven = agenda.act(made, "cancel", {"waive_fee": True})
    assert (forgiven.status, forgiven.json["status"], forgiven.json["cancelled_by"]) == (200, "cancelled", "client"), forgiven.body
    assert (forgiven.json["cancelled_at"], forgiven.json["version"]) == (before["cancelled_at"], before["version"] + 1)
    assert _people(agenda, made) == [("booked", None)]
    assert agenda.act(made, "cancel", {"waive_fee": True}).json["code"] == "already_cancelled"
    assert told(agenda, made["id"]) == ["bookings_created", "bookings_cancelled", "bookings_updated"]


def test_so_is_that_of_who_left_a_class_late(agenda: Agenda) -> None:
    service = agenda.service(late_fee=TEN, free_until_minutes=525_600, capacity=3)["id"]
    made = agenda.booked(a_day(), service_id=service, client_ids=agenda.clients[:2])
    assert agenda.act(made, "leave", who="Cliente").status == 204
    assert agenda.act(made, "leave", {"client_id": agenda.clients[0]}).status == 404
    assert _people(agenda, made) == [("left", TEN), ("booked", None)]
    assert agenda.act(made, "leave", {"client_id": agenda.clients[0], "waive_fee": True}).status == 204
    assert _people(agenda, made) == [("left", None), ("booked", None)]
    assert agenda.act(made, "leave", {"client_id": agenda.clients[0], "waive_fee": True}).status == 404
    assert agenda.act(made, "leave", {"client_id": agenda.clients[1], "waive_fee": True}).status == 204
    assert _people(agenda, made) == [("left", None), ("left", None)]


def test_what_was_called_off_nobody_leaves_any_more(agenda: Agenda) -> None:
    service = agenda.service(late_fee=TEN, free_until_minutes=525_600, capacity=3)["id"]
    made = agenda.booked(a_day(), service_id=service, client_ids=agenda.clients[:2])
    assert agenda.act(made, "cancel", {"requested_by": "client"}).status == 200
    before = agenda.get(f"/api/v1/bookings/{made['id']}").json
    for who, body in (("Cliente", {}), ("Owner", {"client_id": agenda.clients[0]})):
        refused = agenda.act(made, "leave", body, who=who)
        assert (refused.status, refused.json["code"]) == (409, "already_cancelled"), refused.body
    assert agenda.get(f"/api/v1/bookings/{made['id']}").json == before
    assert _people(agenda, made) == [("booked", TEN), ("booked", TEN)]
    for _ in range(2):  # of one of them it is forgiven, once
        answer = agenda.act(made, "leave", {"client_id": agenda.clients[0], "waive_fee": True})
    assert answer.json["code"] == "already_cancelled"
    assert _people(agenda, made) == [("booked", None), ("booked", TEN)]


def test_nothing_is_completed_of_which_everybody_was_noted_as_missing(agenda: Agenda) -> None:
    made, first = _over(agenda, people=2), agenda.clients[0]
    assert agenda.act(made, "no-show", {"client_ids": [first]}).status == 200
    assert agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"client_ids": [first]}).json["status"] == "booked"
    refused = agenda.act(made, "complete")
    assert (refused.status, refused.json["code"]) == (409, "nobody_came"), refused.body
    assert agenda.act(made, "no-show").json["status"] == "no_show"
    assert agenda.act(made, "complete").json["status"] == "completed"  # it was noted wrongly
    assert [each for each in _people(agenda, made) if each[0] != "left"] == [("attended", None)]


@pytest.mark.parametrize("how", ["archived", "somebody else's"])
def test_what_is_not_offered_any_more_as_it_was_booked_the_staff_moves(agenda: Agenda, how: str) -> None:
    service, eva, start = agenda.service(), agenda.people["Eva"].id, a_day()
    agenda.hours()
    made = agenda.book(start, who="Cliente", service_id=service["id"]).json
    path = f"/api/v1/bookings/services/{service['id']}"
    changed = agenda.ask("DELETE", path) if how == "archived" else agenda.ask("PATCH", path, {"organizer_ids": [eva]}, **{"If-Match": "*"})
    assert changed.status in (200, 204), changed.body
    later = {"start_time": (start + timedelta(hours=2)).isoformat()}
    refused = agenda.act(made, "reschedule", later, who="Cliente")
    assert (refused.status, refused.json["code"]) == (403, "staff_only"), refused.body
    assert agenda.act(made, "reschedule", later).status == 200


def _over(agenda: Agenda, people: int = 1) -> dict[str, Any]:
    """A booking that has been, and whose service has a fee for who does not come."""
    service = agenda.service(no_show_fee=TEN, capacity=people)
    start = (datetime.now(UTC) - timedelta(days=700)).replace(minute=0) + timedelta(hours=2 * len(agenda.get("/api/v1/bookings").json["items"]))
    return agenda.booked(start, service_id=service["id"], client_ids=agenda.clients[:people])


def _people(agenda: Agenda, made: dict[str, Any]) -> list[tuple[str, Any]]:
    """What became of each, and what they owe, in the order of the clients."""
    items = agenda.get(f"/api/v1/bookings/{made['id']}/participants").json["items"]
    return [(each["status"], each["fee"]) for each in sorted(items, key=lambda each: agenda.clients.index(each["client_id"]))]
