"""Services that become classes, or stop being some: what was booked before stays what it is, and so does who teaches it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api

HOUR = timedelta(hours=1)


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    made = Agenda.new(local, settings)
    made.hours()
    return made


def test_an_appointment_is_no_class_when_its_service_becomes_one_and_can_still_be_moved(agenda: Agenda) -> None:
    start, service = a_day(), agenda.service()["id"]
    made = agenda.booked(start, who="Cliente", service_id=service)
    _patch(agenda, service, capacity=3)
    assert _shown(agenda, service, start) == []
    assert agenda.book(start + 3 * HOUR, who="Cliente", service_id=service).json["code"] == "join_instead"
    moved = agenda.act(made, "reschedule", {"start_time": (start + 2 * HOUR).isoformat()}, who="Cliente")
    assert (moved.status, moved.json["capacity"]) == (200, 1), moved.body
    group = agenda.booked(start + 5 * HOUR, service_id=service)
    assert [each["booking_id"] for each in _shown(agenda, service, start)] == [group["id"]]


def test_a_class_stays_one_when_its_service_is_none_any_more(agenda: Agenda) -> None:
    start, service = a_day(), agenda.service(capacity=4)["id"]
    group = agenda.booked(start, service_id=service, client_ids=agenda.clients[1:2])
    _patch(agenda, service, capacity=1)
    shown = _shown(agenda, service, start)
    assert [(each["start_time"][11:16], each["seats_left"]) for each in shown if each["booking_id"] == group["id"]] == [("09:00", 3)]
    free = [each["start_time"][11:16] for each in shown if each["booking_id"] is None]
    assert "10:00" in free
    assert "09:00" not in free
    assert agenda.act(group, "join", {}, who="Cliente").status == 200
    assert [each["seats_left"] for each in _shown(agenda, service, start) if each["booking_id"] is not None] == [2]


@pytest.mark.parametrize("how", ["reassigned", "booked with them", "taken out of the service"])
def test_a_class_is_shown_whoever_teaches_it(agenda: Agenda, how: str) -> None:
    start, eva = a_day(), agenda.people["Eva"].id
    service = agenda.service(capacity=2)["id"]
    group = agenda.booked(start, service_id=service, organizer_id=eva if how == "booked with them" else agenda.organizer, client_ids=[])
    if how == "reassigned":
        assert _ids(_shown(agenda, service, start)) == [group["id"]]
        assert agenda.act(group, "reassign", {"organizer_id": eva}).status == 200
    elif how != "booked with them":
        _patch(agenda, service, organizer_ids=[eva])
    assert _ids(_shown(agenda, service, start)) == [group["id"]]
    teacher = agenda.organizer if how == "taken out of the service" else eva
    assert _ids(_shown(agenda, service, start, organizer=teacher)) == [group["id"]]
    assert agenda.act(group, "join", {}, who="Cliente").status == 200
    assert [each["seats_left"] for each in _shown(agenda, service, start)] == [1]
    assert agenda.act(group, "cancel").status == 200
    assert _shown(agenda, service, start) == []


def test_who_neither_offers_nor_teaches_it_is_refused(agenda: Agenda) -> None:
    start, eva = a_day(), agenda.people["Eva"].id
    service = agenda.service(capacity=2)["id"]
    path = f"/api/v1/bookings/availability?service={service}&from={start.date()}&to={start.date()}&organizer={eva}"
    agenda.booked(start, service_id=service, organizer_id=eva, capacity=1, client_ids=[])
    assert [each["pointer"] for each in agenda.get(path).json["errors"]] == ["?organizer"]
    agenda.booked(start + timedelta(days=1), service_id=service, organizer_id=eva, client_ids=[])
    assert agenda.get(path).status == 200  # on another day


@pytest.mark.parametrize("scope", ["this", "all"])
def test_what_waits_for_approval_becomes_no_class_before(agenda: Agenda, scope: str) -> None:
    service = agenda.service(needs_approval=True)["id"]
    start, rule = a_day(), "FREQ=DAILY;INTERVAL=301;COUNT=2"
    body = {"service_id": service, "organizer_id": agenda.organizer, "start_time": start.isoformat(), "client_ids": agenda.clients[:1]}
    named = agenda.made("/api/v1/bookings/series", {**body, "rrule": rule})["bookings"][0]["id"]
    moved = agenda.act(named, "reschedule", {"start_time": (start + HOUR).isoformat()}, who="Cliente")
    assert (moved.status, moved.json["status"]) == (200, "pending"), moved.body
    path = f"/api/v1/bookings/{named}?scope={scope}"
    refused = agenda.ask("PATCH", path, {"capacity": 3})
    assert (refused.status, refused.json["code"]) == (409, "not_approved"), refused.body
    assert agenda.get(f"/api/v1/bookings/{named}").json["capacity"] == 1
    assert agenda.act(named, "approve").status == 200
    assert agenda.ask("PATCH", path, {"capacity": 3}).status == 200


def test_nobody_joins_what_nobody_came_to(agenda: Agenda) -> None:
    group = agenda.booked(datetime.now(UTC) - HOUR / 4, capacity=3, client_ids=agenda.clients[:1])
    assert agenda.act(group, "no-show").json["status"] == "no_show"
    path = f"/api/v1/bookings/{group['id']}"
    before = agenda.get(f"{path}/participants").json
    refused = agenda.act(group, "join", {"client_id": agenda.clients[1]})
    assert (refused.status, refused.json["code"]) == (409, "already_no_show"), refused.body
    assert (agenda.get(f"{path}/participants").json, agenda.get(path).json["seats_taken"]) == (before, 1)


def _ids(slots: list[dict[str, Any]]) -> list[str | None]:
    return [each["booking_id"] for each in slots]


def _patch(agenda: Agenda, service: str, **changes: Any) -> None:
    changed = agenda.ask("PATCH", f"/api/v1/bookings/services/{service}", changes, **{"If-Match": "*"})
    assert changed.status == 200, changed.body


def _shown(agenda: Agenda, service: str, day: datetime, **query: str) -> list[dict[str, Any]]:
    """The slots a client is shown, kept and computed the same."""
    asked = "".join(f"&{name}={value}" for name, value in {"from": day.date(), "to": day.date(), **query}.items())
    path = f"/api/v1/bookings/availability?service={service}{asked}"
    kept, computed = (agenda.get(path, who="Cliente", **headers) for headers in ({}, {"Cache-Control": "no-cache"}))
    assert kept.status == 200, kept.body
    assert kept.body == computed.body
    return [slot for each in kept.json["items"] for slot in each["slots"]]
