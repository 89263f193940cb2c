"""Bookings of others: who is not in one any more neither sees nor changes it, who does not see all in it does not say what became of it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, owner_of


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    return Agenda.new(local, settings)


def test_who_became_a_cliente_obeys_the_same_rule_for_what_they_once_booked(agenda: Agenda) -> None:
    agenda.hours(agenda.people["Owner"].id)
    start, service = a_day(), agenda.service(organizer_ids=[agenda.people["Owner"].id])["id"]
    single = agenda.booked(start, who="Eva", service_id=service, organizer_id=agenda.people["Owner"].id, client_ids=agenda.clients[:1])
    several = agenda.booked(start + timedelta(hours=2), who="Eva", client_ids=agenda.clients[:1], capacity=3)
    assert agenda.ask("PUT", f"/api/v1/users/{agenda.people['Eva'].id}/role", {"role": "Cliente"}).status == 200
    later = {"start_time": (start + timedelta(hours=4)).isoformat()}
    for made in (single, several):
        path = f"/api/v1/bookings/{made['id']}"
        before = agenda.get(path).json
        replies = [agenda.act(made, verb, body, who="Eva") for verb, body in (("cancel", {}), ("reschedule", later), ("leave", {}))]
        replies += [agenda.get(path, who="Eva"), agenda.get(f"{path}/participants", who="Eva"), agenda.ask("DELETE", path, who="Eva")]
        assert {reply.status for reply in replies} <= {403, 404}, [reply.body for reply in replies]
        assert agenda.ask("PATCH", path, {"title": "Mine"}, who="Eva").status == 403
        assert agenda.get(path).json == before


@pytest.mark.parametrize("how", ["taken out", "left", "only booked"])
def test_the_database_lets_a_client_change_what_they_take_part_in_alone(agenda: Agenda, settings: Settings, how: str) -> None:
    marta, (own, other, _) = agenda.people["Cliente"].id, agenda.clients
    made = agenda.booked(a_day(), capacity=3, client_ids=[own, other])
    assert _changed(settings, agenda.workspace, marta, own, made["id"]) == 1
    if how == "left":
        assert agenda.act(made, "leave", {"client_id": own}).status == 204
    else:
        assert agenda.ask("PATCH", f"/api/v1/bookings/{made['id']}", {"client_ids": [other]}).status == 200
    if how == "only booked":
        with owner_of(settings) as owner:
            owner.execute("delete from bookings_participant where booking_id = %s and client_id = %s", (made["id"], own))
            owner.execute("update bookings set booked_by = %s where id = %s", (marta, made["id"]))
    assert _changed(settings, agenda.workspace, marta, own, made["id"]) == 0


def test_the_queue_of_somebody_elses_appointment_is_not_there(agenda: Agenda) -> None:
    others, own = (agenda.booked(a_day(), client_ids=agenda.clients[n : n + 1]) for n in (1, 0))
    path = "/api/v1/bookings/{}/queue"
    unknown = str(uuid.uuid4())
    for id in (others["id"], unknown):
        replies = [agenda.get(path.format(id), who="Cliente"), agenda.ask("DELETE", path.format(id), who="Cliente")]
        replies += [agenda.act(id, verb, {}, who="Cliente") for verb in ("join", "leave", "queue", "queue/accept")]
        assert [(reply.status, reply.json["code"]) for reply in replies] == [(404, "not_found")] * 6
    assert agenda.get(path.format(own["id"]), who="Cliente").json["items"] == []
    for verb in ("join", "queue", "queue/accept"):
        assert agenda.act(own, verb, {}, who="Cliente").json["code"] == "not_a_class"


class TestLimited:
    def test_who_does_not_see_all_of_a_class_completes_no_class_and_misses_not_all(self, agenda: Agenda) -> None:
        made = _limited(agenda)
        path = f"/api/v1/bookings/{made['id']}"
        before = agenda.get(f"{path}/participants").json
        assert agenda.get(path, who="Colaborador").json["client_ids"] == agenda.clients[:1]
        for verb, body in (("no-show", {}), ("complete", None), ("complete", {"missing": agenda.clients[:1]}), ("no-show", {"waive_fee": True})):
            refused = agenda.act(made, verb, body, who="Colaborador")
            assert (refused.status, refused.json["code"]) == (409, "own_clients_only"), (verb, refused.body)
        assert (agenda.get(path).json["status"], agenda.get(f"{path}/participants").json) == ("booked", before)

    def test_of_their_own_they_say_who_did_not_come_and_the_class_waits_for_the_others(self, agenda: Agenda) -> None:
        made = _limited(agenda)
        missed = agenda.act(made, "no-show", {"client_ids": agenda.clients[:1]}, who="Colaborador")
        assert (missed.status, missed.json["status"]) == (200, "booked"), missed.body
        assert _statuses(agenda, made) == ["no_show", "booked", "booked"]
        assert agenda.act(made, "complete").json["status"] == "completed"
        assert _statuses(agenda, made) == ["no_show", "attended", "attended"]

    def test_of_a_class_that_is_all_theirs_they_say_everything(self, agenda: Agenda) -> None:
        for verb, status in (("no-show", "no_show"), ("complete", "completed")):
            made = _limited(agenda, capacity=3, clients=agenda.clients[:1])
            assert agenda.act(made, verb, who="Colaborador").json["status"] == status


def _limited(agenda: Agenda, *, capacity: int = 3, clients: list[str] | None = None) -> dict[str, Any]:
    """A class of the collaborator's that took place; of its clients they look after the first, and see no others."""
    made = agenda.booked(a_day() - timedelta(days=700), capacity=capacity, client_ids=clients or agenda.clients)
    role = {"role": "Colaborador", "client_scope": "own"}
    assert agenda.ask("PUT", f"/api/v1/users/{agenda.organizer}/role", role).status == 200
    assigned = agenda.ask("PATCH", f"/api/v1/clients/{agenda.clients[0]}", {"assigned_to": agenda.organizer}, **{"If-Match": "*"})
    assert assigned.status == 200, assigned.body
    return made


def _statuses(agenda: Agenda, made: dict[str, Any]) -> list[str]:
    found = {each["client_id"]: each["status"] for each in agenda.get(f"/api/v1/bookings/{made['id']}/participants").json["items"]}
    return [found[client] for client in agenda.clients]


def _changed(settings: Settings, workspace: str, user: str, client: str, booking: str) -> int:
    """How many bookings an update changes that the application should not have sent."""
    with psycopg.connect(settings.database_url or "") as connection:
        connection.execute(
            "select set_config('app.workspace_id', %s, true), set_config('app.user_id', %s, true), set_config('app.client_id', %s, true)",
            (workspace, user, client),
        )
        held = connection.execute("select from bookings where id = %s for no key update", (booking,)).rowcount
        changed = connection.execute("update bookings set title = 'Mine' where id = %s", (booking,)).rowcount
        connection.rollback()
    assert held == changed
    return changed
