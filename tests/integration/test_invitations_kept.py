"""What a pending invitation offers stays within what its inviter may give, and names a client that there is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from config.settings import Settings
from tests.invited import invite, token_of
from tests.servers import Api, Person, add_member, owner_of


@dataclass(frozen=True)
class Studio:
    """A workspace with an Owner and a Colaborador, and somebody who is invited."""

    api: Api
    settings: Settings
    id: str
    owner: Person
    staff: Person
    asked: Person

    def client(self, name: str = "Bia Lima", **more: Any) -> str:
        made = self.api.post("/api/v1/clients", json={"full_name": f"{name} {secrets.token_hex(3)}", **more}, who=self.owner)
        assert made.status == 201, made.body
        return str(made.json["id"])

    def limit(self, scope: str = "own") -> None:
        path = f"/api/v1/users/{self.staff.id}/role"
        assert self.api.put(path, json={"role": "Colaborador", "client_scope": scope}, who=self.owner).status == 200

    def assign(self, client: str, to: Person | None) -> None:
        version = self.api.get(f"/api/v1/clients/{client}", who=self.owner).headers["ETag"]
        body = {"assigned_to": to.id if to else None}
        assert self.api.patch(f"/api/v1/clients/{client}", json=body, who=self.owner, headers={"If-Match": version}).status == 200

    def accept(self, invitation: str) -> Any:
        return self.api.post("/api/v1/invitations/accept", json={"token": token_of(self.settings, invitation)}, who=self.asked)

    def status(self, invitation: str) -> str:
        return str(self.api.get(f"/api/v1/invitations/{invitation}", who=self.owner).json["status"])


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    owner, staff, asked = server.signup(), server.signup("Davi Reis"), server.signup("Eva Prado")
    id = server.workspace(owner)
    add_member(settings, id, staff, "Colaborador")
    return Studio(server, settings, id, owner, staff, asked)


def test_who_is_limited_invites_nobody_around_the_limit(studio: Studio) -> None:
    everything, limited, cliente = (
        invite(studio.api, studio.staff, f"{secrets.token_hex(6)}@example.com", role, **more)
        for role, more in (("Colaborador", {}), ("Colaborador", {"client_scope": "own"}), ("Cliente", {}))
    )
    others = invite(studio.api, studio.owner, f"{secrets.token_hex(6)}@example.com")
    studio.limit()
    assert [studio.status(each) for each in (everything, limited, cliente, others)] == ["revoked", "pending", "pending", "pending"]


def test_the_link_of_who_is_limited_now_opens_nothing(studio: Studio) -> None:
    id = invite(studio.api, studio.staff, studio.asked.email)
    studio.limit()
    assert studio.accept(id).json["code"] == "invitation_revoked"
    assert studio.api.get("/api/v1/clients", who=studio.asked, workspace=studio.id).status == 404


def test_a_client_who_is_no_longer_theirs_does_not_join_by_their_invitation(studio: Studio) -> None:
    mine = studio.client(assigned_to=studio.staff.id)
    studio.limit()
    id = invite(studio.api, studio.staff, studio.asked.email, "Cliente", client_id=mine)
    studio.assign(mine, studio.owner)
    refused = studio.accept(id)
    assert (refused.status, refused.json["code"]) == (409, "client_gone")
    assert studio.api.get("/api/v1/clients", who=studio.asked, workspace=studio.id).status == 404
    studio.assign(mine, studio.staff)
    joined = studio.accept(id)
    assert (joined.status, joined.json["client_id"]) == (200, mine)


def test_an_owner_who_sends_it_again_answers_for_it(studio: Studio) -> None:
    mine = studio.client(assigned_to=studio.staff.id)
    studio.limit()
    id = invite(studio.api, studio.staff, studio.asked.email, "Cliente", client_id=mine)
    studio.assign(mine, None)
    assert studio.accept(id).status == 409
    assert studio.api.post(f"/api/v1/invitations/{id}/resend", who=studio.owner).status == 200
    assert studio.accept(id).json["client_id"] == mine
    assert [each["id"] for each in studio.api.get("/api/v1/clients", who=studio.asked).json["items"]] == [mine]


def test_a_client_who_was_archived_meanwhile_does_not_join(studio: Studio) -> None:
    client = studio.client()
    id = invite(studio.api, studio.staff, studio.asked.email, "Cliente", client_id=client)
    version = studio.api.get(f"/api/v1/clients/{client}", who=studio.owner).headers["ETag"]
    assert studio.api.delete(f"/api/v1/clients/{client}", who=studio.owner, headers={"If-Match": version}).status in (200, 204)
    assert studio.accept(id).json["code"] == "client_gone"


def test_it_is_asked_also_while_the_module_is_off(studio: Studio) -> None:
    mine = studio.client(assigned_to=studio.staff.id)
    studio.limit()
    id = invite(studio.api, studio.staff, studio.asked.email, "Cliente", client_id=mine)
    studio.assign(mine, studio.owner)
    for module in ("bookings", "clients"):
        off = studio.api.put(f"/api/v1/workspaces/{studio.id}/modules/{module}", json={"enabled": False}, who=studio.owner)
        assert off.status == 200, off.body
    assert studio.accept(id).json["code"] == "client_gone"


def test_an_invitation_follows_its_client_into_a_merge(studio: Studio) -> None:
    kept, gone = studio.client(), studio.client()
    id = invite(studio.api, studio.owner, studio.asked.email, "Cliente", client_id=gone)
    merged = studio.api.post(f"/api/v1/clients/{kept}/merge", json={"from": gone}, who=studio.owner)
    assert merged.status == 200, merged.body
    assert studio.api.get(f"/api/v1/invitations/{id}", who=studio.owner).json["client_id"] == kept
    assert studio.accept(id).json["client_id"] == kept
    assert [each["id"] for each in studio.api.get("/api/v1/clients", who=studio.asked).json["items"]] == [kept]


def test_no_invitation_names_a_client_of_nobody_while_the_module_is_off(studio: Studio) -> None:
    """The plugin that says so is asked although it is off."""
    for module in ("bookings", "clients"):
        assert studio.api.put(f"/api/v1/workspaces/{studio.id}/modules/{module}", json={"enabled": False}, who=studio.owner).status == 200
    body = {"email": studio.asked.email, "role": "Cliente", "client_id": "019a8d2e-7c10-7cc3-98c4-dc0c0c07398f"}
    refused = studio.api.post("/api/v1/users", json=body, who=studio.owner)
    assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, ["/client_id"])
    with owner_of(studio.settings) as connection:
        assert connection.execute("select count(*) from workspaces_invitation where workspace_id = %s", (studio.id,)).fetchone() == (0,)
