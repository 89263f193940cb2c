"""Nobody becomes the client of a record that is closed: not when invited, not when they accept, not by a new role."""

from __future__ import annotations

import pytest

from config.settings import Settings
from tests.integration.registers import Studio
from tests.invited import token_of
from tests.servers import Api, Person, Reply


@pytest.fixture
def studio(local: Api, settings: Settings) -> Studio:
    return Studio.new(local, settings)


def closed(studio: Studio, how: str) -> str:
    client = studio.add(full_name="Ana")
    close(studio, client, how)
    return client


def close(studio: Studio, client: str, how: str) -> None:
    if how == "archived":
        assert studio.delete(client).status == 204
    else:
        assert studio.call("POST", f"/{studio.add(full_name='Ana S')}/merge", {"from": client}).status == 200


def role(studio: Studio, person: Person, client: str | None) -> Reply:
    return studio.api.put(f"/api/v1/users/{person.id}/role", json={"role": "Cliente", "client_id": client}, **studio.staff)


@pytest.mark.parametrize("how", ["archived", "merged"])
@pytest.mark.parametrize("was", ["Colaborador", "Cliente"])
def test_nobody_is_made_the_client_of_a_closed_record(studio: Studio, how: str, was: str) -> None:
    person = studio.member(was)
    refused = role(studio, person, closed(studio, how))
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/client_id")
    assert studio.api.get(f"/api/v1/users/{person.id}", **studio.staff).json["role"] == was


def test_who_is_that_client_already_stays_it(studio: Studio) -> None:
    client = studio.add(full_name="Ana")
    person = studio.member("Cliente", client)
    close(studio, client, "archived")
    assert (role(studio, person, client).status, role(studio, person, None).status) == (200, 200)


def test_nobody_is_invited_to_a_closed_record_while_the_module_is_off(studio: Studio) -> None:
    client = closed(studio, "archived")
    for module in ("bookings", "clients"):
        assert studio.api.put(f"/api/v1/workspaces/{studio.id}/modules/{module}", json={"enabled": False}, **studio.staff).status == 200
    body = {"email": "ana@example.com", "role": "Cliente", "client_id": client}
    refused = studio.api.post("/api/v1/users", json=body, **studio.staff)
    assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, ["/client_id"])


def test_it_is_asked_while_the_module_is_off(studio: Studio) -> None:
    person, client = studio.member("Cliente"), closed(studio, "archived")
    for module in ("bookings", "clients"):
        switched = studio.api.put(f"/api/v1/workspaces/{studio.id}/modules/{module}", json={"enabled": False}, **studio.staff)
        assert switched.status == 200
    assert role(studio, person, client).status == 422


@pytest.mark.parametrize("off", [False, True])
def test_an_invitation_to_a_record_that_was_closed_meanwhile_is_not_accepted(studio: Studio, settings: Settings, off: bool) -> None:
    client, person = studio.add(full_name="Ana"), studio.api.signup()
    body = {"email": person.email, "role": "Cliente", "client_id": client}
    invited = studio.api.post("/api/v1/users", json=body, **studio.staff)
    assert invited.status == 201, invited.body
    close(studio, client, "archived")
    if off:
        for module in ("bookings", "clients"):
            studio.api.put(f"/api/v1/workspaces/{studio.id}/modules/{module}", json={"enabled": False}, **studio.staff)
    token = token_of(settings, invited.json["id"])
    refused = studio.api.post("/api/v1/invitations/accept", json={"token": token}, who=person)
    assert (refused.status, refused.json["code"]) == (409, "client_gone")
    assert studio.api.get("/api/v1/users/me", who=person, workspace=studio.id).status == 404
    if not off:
        assert studio.patch(client, {"status": "active"}).status == 200
        accepted = studio.api.post("/api/v1/invitations/accept", json={"token": token}, who=person)
        assert (accepted.status, accepted.json["client_id"]) == (200, client)
