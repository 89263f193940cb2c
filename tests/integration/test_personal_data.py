"""What is held about a client, to take along: complete, their own alone, recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply, owner_of


def exported(agenda: Agenda, client: str | None = None, *, who: str = "Owner") -> Reply:
    return agenda.get(f"/api/v1/privacy/clients/{client or agenda.clients[0]}/export", who=who)


@pytest.fixture
def agenda(local: Api, settings: Settings) -> Agenda:
    """Of the first client everything is known."""
    made = Agenda.new(local, settings)
    first, second = made.clients[:2]
    path = f"/api/v1/clients/{first}"
    assert made.ask("PATCH", path, {"notes": "For the staff", "tags": ["vip"]}).status == 200
    made.made(f"{path}/consents", {}, who="Cliente")
    told = {"injuries": [{"description": "Left knee"}]}
    assert made.ask("PUT", f"{path}/health", told, **{"If-Match": "*"}).status == 200
    made.made(f"{path}/notes", {"body": "A private thought"})
    made.made(f"{path}/notes", {"body": "Well done", "visibility": "shared"})
    made.made(f"{path}/exclusions", {"kind": "sick", "starts_on": "2026-01-01", "ends_on": "2026-01-05", "reason": "Influenza"})
    start = a_day()
    made.booked(start, client_ids=[first], notes="Late again")
    made.booked(start.replace(hour=12), client_ids=[first, second], capacity=2, notes="About two")
    full = made.booked(start.replace(hour=15), client_ids=[second], capacity=2)
    assert made.act(full, "join", {"client_id": made.clients[2]}).status == 200
    made.made(f"/api/v1/bookings/{full['id']}/queue", {"client_id": first})
    return made


def test_an_owner_takes_along_everything_of_every_module(agenda: Agenda) -> None:
    reply = exported(agenda)
    assert reply.status == 200, reply.body
    clients, bookings, privacy = (reply.json["data"][name] for name in ("clients", "bookings", "privacy"))
    assert [(each["notes"], each["tags"]) for each in clients["client"]] == [("For the staff", ["vip"])]
    assert [each["injuries"][0]["description"] for each in clients["health"]] == ["Left knee"]
    assert [each["body"] for each in clients["notes"]] == ["A private thought", "Well done"]
    assert [each["reason"] for each in clients["exclusions"]] == ["Influenza"]
    assert len(clients["consents"]) == 1
    assert [each["notes"] for each in bookings["bookings"]] == ["Late again", None]
    assert [each["status"] for each in bookings["queue"]] == ["waiting"]
    assert [each["email"] for each in privacy["memberships"]] == [agenda.people["Cliente"].email]
    assert reply.json["counts"] == {plugin: {kind: len(rows) for kind, rows in kinds.items()} for plugin, kinds in reply.json["data"].items()}
    for other in agenda.clients[1:]:
        assert other not in reply.body.decode()


def test_a_client_takes_along_their_own_as_they_see_it(agenda: Agenda) -> None:
    reply = exported(agenda, who="Cliente")
    assert reply.status == 200, reply.body
    text = reply.body.decode()
    assert all(word in text for word in ("Left knee", "Well done", "Influenza"))
    assert not any(word in text for word in ("A private thought", "For the staff", "Late again", "About two", *agenda.clients[1:]))
    assert len(reply.json["data"]["bookings"]["bookings"]) == 2
    assert reply.json["data"]["clients"]["client"] == [agenda.get(f"/api/v1/clients/{agenda.clients[0]}", who="Cliente").json]
    assert exported(agenda, agenda.clients[1], who="Cliente").status == 404


def test_it_holds_every_row_that_names_the_client(agenda: Agenda, settings: Settings) -> None:
    """Of every table with a client_id in the catalogue: nothing that a later table adds is forgotten unseen."""
    counts = exported(agenda).json["counts"]
    kinds = {
        "clients_consent": counts["clients"]["consents"], "clients_health": counts["clients"]["health"], "clients_notes": counts["clients"]["notes"],
        "clients_exclusion": counts["clients"]["exclusions"], "clients_history": counts["clients"]["history"],
        "clients_imported": counts["clients"]["imports"], "bookings_participant": counts["bookings"]["bookings"],
        "bookings_queue_entry": counts["bookings"]["queue"], "user_roles": counts["privacy"]["memberships"],
        "clients_term": None,  # words of the record, to find it by
        "workspaces_invitation": None,  # of an address, not of the client's data
        "audit_logs": None,  # who changed what is the workspace's; who read sensitive data is in `reads`
    }  # fmt: skip
    with owner_of(settings) as owner:
        named = "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'client_id'"
        tables = {row[0] for row in owner.execute(named).fetchall()}
        ours = {name for name in tables if name.split("_")[0] in ("clients", "bookings", "user", "workspaces", "audit", "privacy")}
        assert ours <= set(kinds)
        for table, count in kinds.items():
            if count is not None:
                query = psycopg.sql.SQL("select count(*) from {} where client_id = %s").format(psycopg.sql.Identifier(table))
                assert owner.execute(query, (agenda.clients[0],)).fetchone() == (count,), table


def test_health_data_leaves_with_the_clients_consent_alone(agenda: Agenda) -> None:
    (consent,) = agenda.get(f"/api/v1/clients/{agenda.clients[0]}/consents").json["items"]
    gone = agenda.ask("DELETE", f"/api/v1/clients/{agenda.clients[0]}/consents/{consent['id']}", who="Cliente")
    assert gone.status == 204
    staffs, own = (exported(agenda, who=who).json["data"]["clients"] for who in ("Owner", "Cliente"))
    assert (len(staffs["health"]), len(own["health"])) == (0, 1)
    told = [[(each["kind"], each["reason"]) for each in seen["exclusions"]] for seen in (staffs, own)]
    assert told == [[("other", None)], [("sick", "Influenza")]]


def test_a_key_takes_along_health_data_only_with_its_scope(agenda: Agenda) -> None:
    told = []
    for scopes in (["privacy:export"], ["privacy:export", "clients:read", "clients:write"], ["privacy:export", "clients:health"]):
        key = agenda.made(f"/api/v1/workspaces/{agenda.workspace}/keys", {"name": "Portal", "scopes": scopes})["key"]
        reply = agenda.api.get(f"/api/v1/privacy/clients/{agenda.clients[0]}/export", who=key)
        assert reply.status == 200, reply.body
        told.append(["Left knee" in reply.body.decode(), "Influenza" in reply.body.decode(), "Well done" in reply.body.decode()])
        (exclusion,) = reply.json["data"]["clients"]["exclusions"]
        assert (exclusion["kind"] == "sick") == ("clients:health" in scopes)
    assert told == [[False, False, True], [False, False, True], [True, True, True]]


def test_it_is_recorded_and_the_client_sees_by_whom(agenda: Agenda) -> None:
    assert exported(agenda).status == 200
    seen = agenda.get("/api/v1/audit/reads", who="Cliente").json["items"]
    assert [(each["reader"], each["purpose"]) for each in seen] == [("Ana Souza", "personal data export")]
    assert [each["reader"] for each in exported(agenda, who="Cliente").json["data"]["privacy"]["reads"]] == ["Ana Souza"]


def test_what_lies_in_modules_that_are_off_is_in_it(agenda: Agenda) -> None:
    for module in ("bookings", "clients"):
        assert agenda.ask("PUT", f"/api/v1/workspaces/{agenda.workspace}/modules/{module}", {"enabled": False}).status == 200
    counts = exported(agenda).json["counts"]
    assert (counts["clients"]["client"], counts["bookings"]["bookings"]) == (1, 2)


def test_nobody_else_and_nobody_elses(agenda: Agenda, local: Api, settings: Settings) -> None:
    other = Agenda.new(local, settings, clients=1)
    assert exported(agenda, who="Colaborador").status == 403
    assert exported(other, agenda.clients[0]).status == 404
    assert exported(agenda, str(uuid4())).status == 404


def test_half_an_export_is_none(agenda: Agenda, gateway: Gateway) -> None:
    def fails(client_id: Any) -> None:
        raise RuntimeError("broken")

    registry = gateway.runner.platform.dispatcher.registry  # type: ignore[attr-defined]
    before = registry.subscriptions["privacy_export"]
    broken = [replace(each, listener=replace(each.listener, function=fails)) if each.plugin == "bookings" else each for each in before]
    registry.subscriptions["privacy_export"] = tuple(broken)
    try:
        refused = exported(agenda)
    finally:
        registry.subscriptions["privacy_export"] = before
    assert (refused.status, refused.json["code"], "bookings" in refused.json["detail"]) == (503, "incomplete_answer", True)
    assert agenda.get("/api/v1/audit/reads").json["items"] == []
