"""Who was noted as missing in a class: they keep the seat and what they owe, until it moves to a time to come or does not take place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.integration.test_booking_events import told
from tests.repeating import made
from tests.servers import Api, Reply

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
TEN = {"amount": 1000, "currency": "EUR"}


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings, clients=5)


@pytest.mark.parametrize("scope", ["", "?scope=all"])
@pytest.mark.parametrize("others", [(1, 2), (1, 2, 3), (1,), ()], ids=["fewer", "another", "one", "nobody"])
def test_who_is_noted_as_missing_is_not_taken_out_behind_the_note(agenda: Agenda, scope: str, others: tuple[int, ...]) -> None:
    running = _running(agenda)
    before = _seen(agenda, running)
    refused = agenda.ask("PATCH", f"/api/v1/bookings/{running['id']}{scope}", {"client_ids": [agenda.clients[n] for n in others]})
    assert (refused.status, refused.json["code"]) == (409, "noted_missing"), refused.body
    assert _seen(agenda, running) == before
    for client in agenda.clients[3:]:
        assert _join(agenda, running, client).json["code"] == "class_full"


@pytest.mark.parametrize("scope", ["", "?scope=all"])
def test_who_came_is_taken_out_beside_them_and_the_seats_add_up(agenda: Agenda, scope: str) -> None:
    running = _running(agenda)
    missing, here, gone, new, late = agenda.clients
    changed = agenda.ask("PATCH", f"/api/v1/bookings/{running['id']}{scope}", {"client_ids": [missing, here]})
    assert (changed.status, changed.json["client_ids"], changed.json["seats_taken"]) == (200, sorted([missing, here]), 2), changed.body
    assert told(agenda, running["id"]).count("bookings_left") == 1
    assert _join(agenda, running, new).status == 200
    assert _join(agenda, running, late).json["code"] == "class_full"
    assert gone not in agenda.get(f"/api/v1/bookings/{running['id']}").json["client_ids"]


def test_nor_do_they_leave(agenda: Agenda) -> None:
    running = _running(agenda)
    refused = agenda.act(running, "leave", {"client_id": agenda.clients[0]})
    assert (refused.status, refused.json["code"]) == (409, "noted_missing"), refused.body
    assert agenda.act(running, "leave", {"client_id": agenda.clients[4]}).status == 404


@pytest.mark.parametrize("how", ["reschedule", "reschedule?scope=all", "times", "times?scope=following"])
def test_who_missed_nothing_yet_is_expected_again(agenda: Agenda, how: str) -> None:
    running, (missing, _, _, new, _) = _running(agenda), agenda.clients
    assert _people(agenda, running)[missing] == ("no_show", TEN)
    moved = _moved(agenda, running, how, a_day())
    assert moved.status == 200, moved.body
    assert _people(agenda, running)[missing] == ("booked", None)
    assert agenda.act(running, "leave", {"client_id": missing}).status == 204
    assert _join(agenda, running, new).status == 200


@pytest.mark.parametrize("how", ["reschedule", "reschedule?scope=all"])
def test_what_was_at_another_time_than_noted_was_missed_all_the_same(agenda: Agenda, how: str) -> None:
    running = _running(agenda)
    moved = _moved(agenda, running, how, datetime.fromisoformat(running["start_time"]) - QUARTER)
    assert moved.status == 200, moved.body
    assert _people(agenda, running)[agenda.clients[0]] == ("no_show", TEN)


def test_a_class_that_lasts_longer_was_missed_all_the_same(agenda: Agenda) -> None:
    running = _running(agenda)
    longer = {"end_time": (datetime.fromisoformat(running["end_time"]) + QUARTER).isoformat()}
    assert agenda.ask("PATCH", f"/api/v1/bookings/{running['id']}", longer).status == 200
    assert _people(agenda, running)[agenda.clients[0]] == ("no_show", TEN)


@pytest.mark.parametrize("scope", ["", "?scope=all"])
@pytest.mark.parametrize("others", [(1,), (1, 3)], ids=["fewer", "another"])
def test_who_missed_nothing_yet_is_taken_out_as_it_moves(agenda: Agenda, scope: str, others: tuple[int, ...]) -> None:
    running, start = _running(agenda), a_day()
    wanted = sorted(agenda.clients[n] for n in others)
    body = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat(), "client_ids": wanted}
    moved = agenda.ask("PATCH", f"/api/v1/bookings/{running['id']}{scope}", body)
    assert (moved.status, moved.json["client_ids"], moved.json["seats_taken"]) == (200, wanted, len(wanted)), moved.body
    assert _people(agenda, running)[agenda.clients[0]] == ("left", None)


@pytest.mark.parametrize("how", ["reschedule", "cancel", "cancel?scope=all"])
def test_nor_did_they_miss_it_where_the_class_became_theirs_alone(agenda: Agenda, how: str) -> None:
    running = _running(agenda)
    for client in agenda.clients[1:3]:
        assert agenda.act(running, "leave", {"client_id": client}).status == 204
    assert agenda.ask("PATCH", f"/api/v1/bookings/{running['id']}", {"capacity": 1}).status == 200
    assert _people(agenda, running)[agenda.clients[0]] == ("no_show", TEN)
    ended = _moved(agenda, running, how, a_day()) if how == "reschedule" else agenda.act(running, how)
    assert ended.status == 200, ended.body
    assert _people(agenda, running)[agenda.clients[0]] == ("booked", None)


@pytest.mark.parametrize("people", [1, 2])
def test_that_somebody_did_not_come_is_told_once_also_when_it_is_forgiven(agenda: Agenda, people: int) -> None:
    booking = _running(agenda, capacity=people, people=people, noted=0)
    first = {"client_ids": agenda.clients[:1]}
    again = {**first, "waive_fee": True}
    for body in (first, again, again):
        assert agenda.act(booking, "no-show", body).status == 200
    assert told(agenda, booking["id"])[1:] == ["bookings_no_show", "bookings_updated", "bookings_updated"]


def _running(agenda: Agenda, *, capacity: int = 3, people: int = 3, noted: int = 1) -> dict[str, Any]:
    """What began a quarter of an hour ago and is as full as it gets, the only one of a series; the first who did not come are noted as missing."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) - QUARTER
    terms = {"capacity": capacity, "client_ids": agenda.clients[:people], "service_id": agenda.service(no_show_fee=TEN)["id"]}
    booking: dict[str, Any] = made(agenda, start, "FREQ=WEEKLY;COUNT=1", **terms)["bookings"][0]
    if noted:
        assert agenda.act(booking, "no-show", {"client_ids": agenda.clients[:noted]}).status == 200
    return dict(agenda.get(f"/api/v1/bookings/{booking['id']}").json)


def _moved(agenda: Agenda, booking: dict[str, Any], how: str, start: datetime) -> Reply:
    verb, _, scope = how.partition("?")
    if verb == "reschedule":
        return agenda.act(booking, how, {"start_time": start.isoformat()})
    times = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
    return agenda.ask("PATCH", f"/api/v1/bookings/{booking['id']}?{scope}", times)


def _join(agenda: Agenda, booking: dict[str, Any], client: str) -> Reply:
    return agenda.act(booking, "join", {"client_id": client})


def _people(agenda: Agenda, booking: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    found = agenda.get(f"/api/v1/bookings/{booking['id']}/participants").json["items"]
    return {each["client_id"]: (each["status"], each["fee"]) for each in found}


def _seen(agenda: Agenda, booking: dict[str, Any]) -> tuple[Any, ...]:
    return agenda.get(f"/api/v1/bookings/{booking['id']}").json, _people(agenda, booking), told(agenda, booking["id"])
