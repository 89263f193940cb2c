"""T35: what a member hands out while they go does not outlive them: keys and calendar feeds, in either order, and when they come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import invited
from tests.integration.stopping import Patient
from tests.servers import Api, Person, Reply, add_member, owner_of

KEYS = ("create", "rotate")
FEEDS = ("feed", "regenerate")
PASSED, WRITTEN = "idempotency_keys", "audit_logs"
"""Where whoever makes one is stopped: past the gate, with nothing made; or with all of it written."""


@dataclass
class Going:
    """Olga owns the studio with Carl, who makes a key or a feed while she has him go."""

    patient: Patient
    olga: Person
    carl: Person
    id: str

    @property
    def api(self) -> Api:
        return self.patient.api

    def make(self, how: str) -> Callable[[Api], Reply]:
        keys = f"/api/v1/workspaces/{self.id}/keys"
        path, body = {"create": (keys, {"name": "race", "scopes": ["clients:read"]}), "feed": ("/api/v1/bookings/feeds", {"mode": "full"})}.get(
            how, ("", {})
        )
        if how == "rotate":
            path = f"{keys}/{self.made(self.make('create')(self.api))['id']}/rotate"
        if how == "regenerate":
            path, body = f"/api/v1/bookings/feeds/{self.made(self.make('feed')(self.api), 201)['id']}/regenerate", None
        return lambda api: api.post(path, json=body, who=self.carl, workspace=self.id, headers={"Idempotency-Key": f"{how}-{path}"})

    @staticmethod
    def made(reply: Reply, status: int = 201) -> dict[str, Any]:
        assert reply.status == status, reply.body
        return dict(reply.json)

    def go(self, how: str) -> Callable[[Api], Reply]:
        path = f"/api/v1/users/{self.carl.id}"
        if how == "removed":
            return lambda api: api.delete(path, who=self.olga, workspace=self.id)
        return lambda api: api.put(f"{path}/role", json={"role": "Cliente"}, who=self.olga, workspace=self.id)

    def come_back(self) -> None:
        """As an Owner, by an invitation when they are gone."""
        if self.api.get(f"/api/v1/users/{self.carl.id}", who=self.olga, workspace=self.id).status == 200:
            role = self.api.put(f"/api/v1/users/{self.carl.id}/role", json={"role": "Owner"}, who=self.olga, workspace=self.id)
            assert role.status == 200, role.body
            return
        token = invited.token_of(self.patient.settings, invited.invite(self.api, self.olga, self.carl.email, "Owner", self.id))
        accepted = self.api.post("/api/v1/invitations/accept", json={"token": token}, who=self.carl)
        assert accepted.status == 200, accepted.body

    def opens(self, made: Reply) -> bool:
        if "key" in made.json:
            reply = self.api.get("/api/v1/clients", who=made.json["key"])
            assert reply.status in (200, 401), reply.body
        else:
            reply = self.api.get(urlsplit(made.json["url"]).path)
            assert reply.status in (200, 404), reply.body
        return reply.status == 200

    def alive(self) -> list[int]:
        """How many keys and feeds of theirs nobody revoked."""
        with owner_of(self.patient.settings) as owner:
            counted = "select count(*) from {} where workspace_id = %s and user_id = %s and revoked_at is null"
            found = [owner.execute(counted.format(table), (self.id, self.carl.id)).fetchone() for table in ("api_keys", "bookings_feed")]
            return [row[0] for row in found if row]


@pytest.mark.parametrize(("makes", "goes"), [*((how, "removed") for how in KEYS + FEEDS), *((how, "made a Cliente") for how in KEYS)])
def test_who_was_let_in_and_is_gone_makes_none(going: Going, makes: str, goes: str) -> None:
    make = going.make(makes)
    made, gone = going.patient.meanwhile(make, going.go(goes), table=PASSED)
    assert gone.status in (200, 204), gone.body
    assert made.status in (403, 404), made.body
    assert going.alive() == [0, 0]


@pytest.mark.parametrize(("makes", "goes"), [*((how, "removed") for how in KEYS + FEEDS), *((how, "made a Cliente") for how in KEYS)])
def test_what_was_made_first_ends_and_does_not_come_back_with_them(going: Going, makes: str, goes: str) -> None:
    made, gone = going.patient.meanwhile(going.make(makes), going.go(goes), table=WRITTEN)
    assert (made.status in (200, 201), gone.status in (200, 204)) == (True, True), (made.body, gone.body)
    assert (going.opens(made), going.alive()) == (False, [0, 0])
    going.come_back()
    assert not going.opens(made)


@pytest.mark.parametrize("makes", ["create", "feed"])
def test_what_lived_on_all_the_same_ends_when_they_come_back(going: Going, makes: str) -> None:
    """As it did before: a key and a feed of somebody who is gone, which nobody revoked."""
    made = going.make(makes)(going.api)
    assert going.opens(made)
    with owner_of(going.patient.settings) as owner:
        owner.execute("update user_roles set ended_at = now() where workspace_id = %s and user_id = %s", (going.id, going.carl.id))
    going.come_back()
    assert not going.opens(made)
    again = going.api.get("/api/v1/bookings/feeds", who=going.carl, workspace=going.id).json["items"]
    if makes == "feed":
        fresh = going.api.post(f"/api/v1/bookings/feeds/{again[0]['id']}/regenerate", who=going.carl, workspace=going.id)
        assert going.opens(fresh), "another address is as good as a new feed"


@pytest.mark.parametrize("role", ["Cliente", "Colaborador"])
def test_everybody_may_hold_themselves(going: Going, role: str) -> None:
    """Also those who see few rows: a Cliente, and a collaborator limited to their own clients."""
    body = {"role": role, **({"client_scope": "own"} if role == "Colaborador" else {})}
    assert going.api.put(f"/api/v1/users/{going.carl.id}/role", json=body, who=going.olga, workspace=going.id).status == 200
    made, gone = going.patient.meanwhile(going.make("feed"), going.go("removed"), table=WRITTEN)
    assert (made.status, gone.status, going.opens(made), going.alive()) == (201, 204, False, [0, 0])


@pytest.fixture(scope="module")
def patient(cluster: Any) -> Iterator[Patient]:
    with Patient.open(cluster, "fitpro_going_meanwhile") as made:
        yield made


@pytest.fixture
def going(patient: Patient) -> Going:
    olga, carl = patient.api.signup(), patient.api.signup()
    id = patient.api.workspace(olga)
    add_member(patient.settings, id, carl, "Owner")
    return Going(patient, olga, carl, id)
