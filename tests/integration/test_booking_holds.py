"""Holds: a time kept while somebody decides, which ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.integration.stopping import Patient
from tests.servers import Api, Cluster, owner_of

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


class TestHolds:
    def test_a_held_slot_is_nobody_elses_and_becomes_the_booking(self, agenda: Agenda) -> None:
        agenda.hours()
        service, start = agenda.service(), a_day()
        wanted = {"service_id": service["id"], "organizer_id": agenda.organizer, "start_time": start.isoformat()}
        hold = agenda.made("/api/v1/bookings/holds", wanted, who="Cliente")
        assert agenda.book(start, client_ids=agenda.clients[1:2]).json["code"] == "slot_taken"
        stolen = agenda.book(start, client_ids=agenda.clients[1:2], hold_id=hold["id"])
        assert (stolen.status, stolen.json["code"]) == (409, "hold_expired")
        assert stolen.json["detail"] == "The hold is over; look for a free time again."
        assert agenda.book(start, who="Cliente", service_id=service["id"], hold_id=hold["id"]).status == 201
        assert agenda.ask("DELETE", f"/api/v1/bookings/holds/{hold['id']}", who="Cliente").status == 404

    def test_a_hold_let_go_or_expired_is_free_without_a_worker(self, agenda: Agenda) -> None:
        agenda.hours()
        service, start = agenda.service(), a_day()
        wanted = {"service_id": service["id"], "organizer_id": agenda.organizer, "start_time": start.isoformat()}
        hold = agenda.made("/api/v1/bookings/holds", wanted, who="Cliente")
        assert agenda.ask("DELETE", f"/api/v1/bookings/holds/{hold['id']}", who="Cliente").status == 204
        agenda.made("/api/v1/bookings/holds", wanted, who="Cliente")
        _expire(agenda)
        assert start.isoformat() in agenda.slots(service["id"], start)
        assert agenda.book(start, client_ids=agenda.clients[1:2]).status == 201

    def test_a_hold_of_another_time_says_so(self, agenda: Agenda) -> None:
        service, start = agenda.service(), a_day()
        wanted = {"service_id": service["id"], "organizer_id": agenda.organizer, "start_time": start.isoformat()}
        hold = agenda.made("/api/v1/bookings/holds", wanted)
        for other in ({"start": start + 3 * HOUR}, {"start": start, "organizer_id": agenda.people["Eva"].id}):
            refused = agenda.book(**other, hold_id=hold["id"])
            assert (refused.status, refused.json["code"]) == (409, "hold_expired")
            assert refused.json["detail"].startswith("The hold is of another start")
        assert agenda.book(start, hold_id=hold["id"]).status == 201

    def test_nobody_holds_the_whole_calendar(self, agenda: Agenda) -> None:
        agenda.hours()
        service, start = agenda.service(), a_day()
        for n in range(3):
            wanted = {"service_id": service["id"], "organizer_id": agenda.organizer, "start_time": (start + n * HOUR).isoformat()}
            agenda.made("/api/v1/bookings/holds", wanted, who="Cliente")
        wanted["start_time"] = (start + 3 * HOUR).isoformat()
        refused = agenda.post("/api/v1/bookings/holds", wanted, who="Cliente")
        assert (refused.status, refused.json["code"]) == (409, "too_many_holds")
        assert "a client holds 3 times at most" in refused.json["detail"]
        _expire(agenda)

    def test_the_staff_holds_only_what_it_could_book(self, agenda: Agenda) -> None:
        service, start = agenda.service(), a_day()
        wanted = {"service_id": service["id"], "organizer_id": agenda.organizer, "start_time": start.isoformat()}
        past = (datetime.now(UTC) - HOUR).isoformat()
        for given, code, pointer in (
            ({"organizer_id": agenda.people["Cliente"].id}, "invalid_reference", "/organizer_id"),
            ({"organizer_id": "00000000-0000-4000-8000-000000000001"}, "invalid_reference", "/organizer_id"),
            ({"start_time": past}, "validation_failed", "/start_time"),
        ):
            reply = agenda.post("/api/v1/bookings/holds", {**wanted, **given})
            assert (reply.status, reply.json["code"], [each["pointer"] for each in reply.json["errors"]]) == (422, code, [pointer]), reply.body
        assert agenda.ask("DELETE", f"/api/v1/bookings/services/{service['id']}").status == 204
        for who in ("Owner", "Cliente"):
            reply = agenda.post("/api/v1/bookings/holds", wanted, who=who)
            assert (reply.status, reply.json["code"]) == (409, "service_archived"), reply.body
        assert agenda.book(start, service_id=service["id"]).json["code"] == "service_archived"
        wanted["service_id"] = agenda.service()["id"]
        agenda.made("/api/v1/bookings/holds", wanted)


def test_nobody_holds_more_by_asking_at_once(cluster: Cluster) -> None:
    """Of different people: nothing but who holds them makes one wait for the other."""
    with Patient.open(cluster, "fitpro_holding") as patient:
        agenda = Agenda.new(patient.api, patient.settings)
        people = [agenda.people[each].id for each in ("Owner", "Colaborador")]
        for each in people:
            agenda.hours(each)
        service, start = agenda.service(organizer_ids=people)["id"], a_day()

        def hold(api: Api, organizer: str, hours: int) -> tuple[int, str | None]:
            wanted = {"service_id": service, "organizer_id": organizer, "start_time": (start + hours * HOUR).isoformat()}
            reply = replace(agenda, api=api).post("/api/v1/bookings/holds", wanted, who="Cliente")
            return reply.status, reply.json.get("code")

        assert [hold(patient.api, people[0], n) for n in range(2)] == [(201, None)] * 2
        both = patient.meanwhile(lambda api: hold(api, people[0], 5), lambda api: hold(api, people[1], 5), table="bookings_revision")
    assert both == ((201, None), (409, "too_many_holds"))


def _expire(agenda: Agenda) -> None:
    with owner_of(agenda.settings) as connection:
        gone = "update bookings_time set expires_at = now() - interval '1 second' where workspace_id = %s and expires_at is not null"
        connection.execute(gone, (agenda.workspace,))
