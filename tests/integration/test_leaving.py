"""Leaving, being removed, and who takes over: nothing is left with somebody who is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from kernel.errors import Refused
from kernel.registry import Registry
from tests.servers import Api, Person, add_member, owner_of


@dataclass(frozen=True)
class Studio:
    """A workspace with an Owner and two collaborators, one of whom looks after three clients, an archived one among them."""

    api: Api
    id: str
    owner: Person
    carl: Person
    dora: Person
    clients: tuple[str, ...]

    def of(self, person: Person) -> list[str]:
        found = []
        for status in ("active", "archived"):
            path = f"/api/v1/clients?assigned_to={person.id}&status={status}"
            found += [each["id"] for each in self.api.get(path, who=self.owner).json["items"]]
        return sorted(found)


def test_without_an_heir_it_is_refused_with_what_they_look_after(studio: Studio) -> None:
    for who, path in ((studio.owner, f"/api/v1/users/{studio.carl.id}"), (studio.carl, "/api/v1/users/me")):
        refused = studio.api.delete(path, who=who)
        assert (refused.status, refused.json["code"]) == (409, "owns_things")
        (owned,) = refused.json["owned"]
        assert (owned["plugin"], owned["kind"], owned["count"]) == ("clients", "client", 3)
        assert {each["id"] for each in owned["items"]} == set(studio.clients)
        assert {each["title"] for each in owned["items"]} == {"Bia 0", "Bia 1", "Bia 2"}
    assert studio.of(studio.carl) == sorted(studio.clients)
    assert studio.api.get("/api/v1/users/me", who=studio.carl).status == 200


@pytest.mark.parametrize("how", ["removed", "leaving", "leaving, limited", "made a Cliente"])
def test_with_an_heir_everything_moves_and_they_are_out(studio: Studio, settings: Settings, how: str) -> None:
    if "limited" in how:
        limited = studio.api.put(f"/api/v1/users/{studio.carl.id}/role", json={"role": "Colaborador", "client_scope": "own"}, who=studio.owner)
        assert (limited.status, limited.json["client_scope"]) == (200, "own")
    if how == "made a Cliente":
        path = f"/api/v1/users/{studio.carl.id}/role"
        assert studio.api.put(path, json={"role": "Cliente"}, who=studio.owner).json["code"] == "owns_things"
        assert studio.api.put(f"{path}?reassign_to={studio.dora.id}", json={"role": "Cliente"}, who=studio.owner).status == 200
        assert studio.api.get("/api/v1/clients", who=studio.carl).json["items"] == []
    else:
        who, whom = (studio.owner, studio.carl.id) if how == "removed" else (studio.carl, "me")
        assert studio.api.delete(f"/api/v1/users/{whom}?reassign_to={studio.dora.id}", who=who).status == 204
        assert studio.api.get("/api/v1/users/me", who=studio.carl, workspace=studio.id).status == 404
    assert (studio.of(studio.carl), studio.of(studio.dora)) == ([], sorted(studio.clients))
    with owner_of(settings) as connection:
        told = connection.execute("select payload from outbox where workspace_id = %s and name = 'clients_reassigned'", (studio.id,)).fetchall()
    assert [row[0]["clients"] for row in told] == [3]


def test_an_heir_is_another_member_of_the_staff(studio: Studio, settings: Settings) -> None:
    cliente = studio.api.signup("Clara Cliente")
    add_member(settings, studio.id, cliente, "Cliente")
    stranger = studio.api.signup()
    for heir in (studio.carl.id, cliente.id, stranger.id):
        refused = studio.api.delete(f"/api/v1/users/{studio.carl.id}?reassign_to={heir}", who=studio.owner)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "?reassign_to"), refused.json
    assert studio.of(studio.carl) == sorted(studio.clients)


def test_what_lies_in_a_module_that_is_off_is_listed_and_moved_too(studio: Studio) -> None:
    modules = f"/api/v1/workspaces/{studio.id}/modules"
    module = f"{modules}/clients"
    assert studio.api.put(f"{modules}/bookings", json={"enabled": False}, who=studio.owner).status == 200  # which needs clients
    assert studio.api.put(module, json={"enabled": False}, who=studio.owner).status == 200
    refused = studio.api.delete(f"/api/v1/users/{studio.carl.id}", who=studio.owner)
    assert (refused.status, refused.json["owned"][0]["count"]) == (409, 3)
    assert studio.api.delete(f"/api/v1/users/{studio.carl.id}?reassign_to={studio.dora.id}", who=studio.owner).status == 204
    assert studio.api.put(module, json={"enabled": True}, who=studio.owner).status == 200
    assert studio.of(studio.dora) == sorted(studio.clients)


def test_a_new_role_keeps_the_limit_unless_it_is_said(studio: Studio) -> None:
    path = f"/api/v1/users/{studio.dora.id}/role"
    for body, scope in (
        ({"role": "Colaborador", "client_scope": "own"}, "own"),
        ({"role": "Colaborador"}, "own"),
        ({"role": "Owner"}, "all"),
        ({"role": "Colaborador"}, "all"),
    ):
        assert studio.api.put(path, json=body, who=studio.owner).json["client_scope"] == scope
    refused = studio.api.put(path, json={"role": "Owner", "client_scope": "own"}, who=studio.owner)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/client_scope")


@contextmanager
def answering(registry: Registry, hook: str, function: Any) -> Iterator[None]:
    """Another answer to a hook."""
    before = registry.subscriptions[hook]
    registry.subscriptions[hook] = tuple(replace(s, listener=replace(s.listener, function=function)) for s in before)
    try:
        yield
    finally:
        registry.subscriptions[hook] = before


def _fails(**_: Any) -> None:
    raise RuntimeError("broken")


def _refuses(**_: Any) -> None:
    raise Refused("not now")


@pytest.mark.parametrize(
    ("hook", "answer", "status", "code"),
    [
        ("workspaces_leaving", _fails, 500, "internal_error"),
        ("workspaces_leaving", _refuses, 409, "refused"),
        ("workspaces_owned", _fails, 503, "incomplete_answer"),
        ("workspaces_reassigning", _fails, 500, "internal_error"),
        ("workspaces_reassigning", _refuses, 409, "refused"),
        ("workspaces_reassigning", lambda **_: None, 503, "not_reassigned"),
    ],
    ids=["fails to end", "is in the way", "cannot tell", "fails", "refuses", "forgets"],
)
def test_a_plugin_that_does_not_do_its_part_keeps_the_member_in(
    inside: Studio, gateway: Gateway, hook: str, answer: Any, status: int, code: str
) -> None:
    with answering(gateway.runner.platform.dispatcher.registry, hook, answer):  # type: ignore[attr-defined]
        refused = inside.api.delete(f"/api/v1/users/{inside.carl.id}?reassign_to={inside.dora.id}", who=inside.owner)
    assert (refused.status, refused.json["code"]) == (status, code)
    assert inside.of(inside.carl) == sorted(inside.clients)
    assert inside.api.get("/api/v1/users/me", who=inside.carl).status == 200


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    return built(server, settings)


@pytest.fixture
def inside(local: Api, settings: Settings) -> Studio:
    """In this process, where a hook can be replaced."""
    return built(local, settings)


def built(api: Api, settings: Settings) -> Studio:
    owner, carl, dora = (api.signup(name) for name in ("Olga Owner", "Carl Colaborador", "Dora Colaborador"))
    made = api.workspace(owner)
    for person in (carl, dora):
        add_member(settings, made, person, "Colaborador")
    clients = []
    for number, status in enumerate(("active", "active", "archived")):
        body = {"full_name": f"Bia {number}", "assigned_to": carl.id, "status": status}
        clients.append(str(api.post("/api/v1/clients", json=body, who=owner).json["id"]))
    return Studio(api, made, owner, carl, dora, tuple(clients))
