"""What bookings tell, and whom they ask: every event once, after the commit; a veto of another plugin stops the booking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from kernel.errors import Refused
from kernel.registry import Registry
from tests.agenda import Agenda, a_day
from tests.servers import Api, owner_of

HOUR = timedelta(hours=1)


def told(agenda: Agenda, booking: str) -> list[str]:
    """The events about a booking, in order."""
    with owner_of(agenda.settings) as connection:
        rows = connection.execute(
            "select name from outbox where workspace_id = %s and payload ->> 'booking_id' = %s order by id", (agenda.workspace, booking)
        )
        return [row[0] for row in rows]


def test_every_event_of_an_appointment_is_told_once(agenda: Agenda) -> None:
    start = a_day()
    made = agenda.booked(start, client_ids=agenda.clients[:1])["id"]
    agenda.act(made, "reschedule", {"start_time": (start + HOUR).isoformat()})
    agenda.act(made, "reassign", {"organizer_id": agenda.people["Eva"].id})
    agenda.ask("PATCH", f"/api/v1/bookings/{made}", {"title": "Assessment"})
    agenda.act(made, "cancel")
    agenda.act(made, "cancel")
    expected = ["bookings_created", "bookings_rescheduled", "bookings_reassigned", "bookings_updated", "bookings_cancelled"]
    assert told(agenda, made) == expected


def test_every_event_of_a_class_that_was_is_told_once(agenda: Agenda) -> None:
    made = agenda.booked(a_day(), capacity=3)["id"]
    agenda.act(made, "join", {"client_id": agenda.clients[0]})
    agenda.act(made, "leave", {"client_id": agenda.clients[0]})
    assert told(agenda, made) == ["bookings_created", "bookings_joined", "bookings_left"]
    past = agenda.booked(a_day() - timedelta(days=700), client_ids=agenda.clients[:1], capacity=2)["id"]
    agenda.act(past, "complete")
    agenda.act(past, "no-show")
    assert told(agenda, past) == ["bookings_created", "bookings_completed", "bookings_no_show"]
    agenda.act(past, "complete", {"missing": []})
    agenda.act(past, "complete", {"missing": []})
    assert told(agenda, past)[3:] == ["bookings_completed", "bookings_updated"]


@pytest.mark.parametrize("how", ["PATCH", "PUT", "its series"])
def test_who_is_added_and_who_is_taken_out_is_told(agenda: Agenda, how: str) -> None:
    start, (first, second, third) = a_day(), agenda.clients[:3]
    at = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
    terms = {"title": "Yoga", "organizer_id": agenda.organizer, "capacity": 3, "client_ids": [first, second], **at}
    made = agenda.made("/api/v1/bookings/series", {**terms, "rrule": "FREQ=DAILY;COUNT=1"})["bookings"][0]["id"]
    path = f"/api/v1/bookings/{made}" + ("?scope=all" if how == "its series" else "")
    given = {**(terms if how == "PUT" else {}), "client_ids": [second, third]}
    reply = agenda.ask("PUT" if how == "PUT" else "PATCH", path, given, **{"If-Match": "*"})
    assert reply.status == 200, reply.body
    assert told(agenda, made) == ["bookings_created", "bookings_joined", "bookings_left", "bookings_updated"]
    with owner_of(agenda.settings) as connection:
        rows = connection.execute(
            "select name, payload ->> 'client_id' from outbox where payload ->> 'booking_id' = %s and payload ? 'client_id'", (made,)
        )
        assert set(rows) == {("bookings_joined", third), ("bookings_left", first)}
    agenda.act(made, "cancel")


def test_what_waits_for_approval_tells_that_it_was_approved(agenda: Agenda) -> None:
    agenda.hours()
    made = agenda.book(a_day(), who="Cliente", service_id=agenda.service(needs_approval=True)["id"]).json["id"]
    agenda.act(made, "approve")
    assert told(agenda, made) == ["bookings_created", "bookings_approved"]


def test_a_veto_stops_what_it_is_asked_about(agenda: Agenda, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """bookings_validate: before a booking is made, moved or joined, and with the clients who are new to that time."""
    start, asked = a_day(), list[dict[str, Any]]()
    made = agenda.booked(start, client_ids=agenda.clients[:1], capacity=3)

    def no(**arguments: Any) -> None:
        asked.append(arguments)
        raise Refused("Not today.", code="not_today")

    registry: Registry = gateway.runner.platform.dispatcher.registry  # type: ignore[attr-defined]
    for subscription in registry.subscriptions["bookings_validate"]:
        monkeypatch.setattr(type(subscription.listener), "function", property(lambda _: no), raising=False)
    ways = (
        agenda.book(start + 2 * HOUR, client_ids=agenda.clients[1:2]),
        agenda.act(made, "reschedule", {"start_time": (start + 4 * HOUR).isoformat()}),
        agenda.act(made, "join", {"client_id": agenda.clients[2]}),
    )
    assert [(reply.status, reply.json["code"]) for reply in ways] == [(409, "not_today")] * 3
    assert [[str(each) for each in arguments["client_ids"]] for arguments in asked] == [agenda.clients[1:2], agenda.clients[:1], agenda.clients[2:3]]


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)
