"""Hooks on a real database: what people do is told in the same transaction, and a question cannot change anything."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

import pytest

from config import plugins
from config.bootstrap import Installation, install, web
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from kernel.registry import Candidate
from plugins.clients import events
from plugins.sdk import Plugin, Refused, ctx
from tests.servers import Api, Cluster, Person, add_member, owner_of

diary = Plugin("diary", api=1, requires=("clients",))
vandal = Plugin("vandal", api=1, requires=("clients",))
mute = Plugin("mute", api=1, requires=("clients",))
LISTENING = (diary, vandal, mute)
gate = Plugin("gate", api=1, requires=("workspaces",))
PLUGINS = (*LISTENING, gate)


def timeline(title: str) -> list[dict[str, object]]:
    return [{"at": datetime(2026, 1, 1, tzinfo=UTC), "kind": "diary.note", "title": title}]


@diary.hook
def clients_timeline(client_id: UUID) -> Any:
    return timeline("first steps")


def _write(client_id: UUID) -> Any:
    ctx.session.connection().exec_driver_sql("update clients set full_name = 'Vandalised'")
    return timeline("unheard")


def _fail(client_id: UUID) -> Any:
    raise ZeroDivisionError


for each, listener in ((vandal, _write), (mute, _fail)):
    listener.__name__ = "clients_timeline"
    each.hook(listener)


@diary.hook
def clients_archiving(client_id: UUID) -> None:
    ctx.session.connection().exec_driver_sql("update clients set full_name = 'Touched by a check'")
    raise Refused("The diary is open.")


@gate.hook
def workspaces_enabling(module: str) -> None:
    raise Refused(f"{module} is not in your plan.")


def test_a_question_is_answered_by_those_who_only_read_and_changes_nothing(scene: Scene) -> None:
    client = scene.client()
    for plugin in LISTENING:
        scene.switch(plugin.id)
    database = scene.installation.container.app_database()
    scope = Scope(Kind.JOB, "test", workspace_id=UUID(scene.workspace))
    with database.open(scope) as work:
        current = Current(scope, scene.installation.hub, database.modules(work, scope.workspace_id), work)
        with serving(current):
            answers = events.clients_timeline(client_id=UUID(client))
        work.commit()
    assert answers == [("bookings", []), ("diary", timeline("first steps"))]
    assert scene.name(client) == "Bia"


@pytest.mark.parametrize("on", [True, False])
def test_a_veto_rolls_back_what_the_check_itself_did_and_is_heard_from_what_is_off(scene: Scene, on: bool) -> None:
    client = scene.client()
    if on:
        scene.switch("diary")
    refused = scene.api.delete(f"/api/v1/clients/{client}", who=scene.owner, workspace=scene.workspace)
    assert (refused.status, refused.json["code"], refused.json["detail"]) == (409, "refused", "The diary is open.")
    assert scene.name(client) == "Bia"
    assert "clients_archived" not in dict(scene.told())


def test_a_plugin_that_is_on_may_veto_another(scene: Scene) -> None:
    scene.switch("gate")
    path = f"/api/v1/workspaces/{scene.workspace}/modules/mute"
    refused = scene.api.put(path, json={"enabled": True}, who=scene.owner)
    assert (refused.status, refused.json["detail"]) == (409, "mute is not in your plan.")
    assert scene.api.get(path, who=scene.owner).json["enabled"] is False


def test_what_happens_to_a_client_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scene.installation.hub.registry.subscriptions, "clients_archiving", ())
    client = scene.client()
    path = f"/api/v1/clients/{client}"
    assert scene.api.delete(path, who=scene.owner, workspace=scene.workspace).status == 204
    restored = scene.api.patch(path, json={"status": "active"}, who=scene.owner, workspace=scene.workspace)
    assert restored.status == 200, restored.body
    names = [name for name, payload in scene.told() if payload == {"client_id": client}]
    assert names[0] == "clients_created"
    assert {"clients_updated", "clients_archived", "clients_restored"} <= set(names)


def test_what_happens_to_members_is_told(scene: Scene) -> None:
    bea = scene.api.signup("Bea")
    add_member(scene.settings, scene.workspace, bea, "Colaborador")
    path = f"/api/v1/users/{bea.id}"
    changed = scene.api.put(f"{path}/role", json={"role": "Owner"}, who=scene.owner, workspace=scene.workspace)
    assert changed.status == 200, changed.body
    assert scene.api.delete(path, who=scene.owner, workspace=scene.workspace).status == 204
    told = dict(scene.told())
    assert told["workspaces_role_changed"] == {"user_id": bea.id, "role": "Owner"}
    assert told["workspaces_member_removed"] == {"user_id": bea.id}


@dataclasses.dataclass(frozen=True)
class Scene:
    """A workspace of an installation with the plugins above."""

    installation: Installation
    api: Api
    owner: Person
    workspace: str

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    def client(self) -> str:
        made = self.api.post("/api/v1/clients", json={"full_name": "Bia"}, who=self.owner, workspace=self.workspace)
        assert made.status == 201, made.body
        return str(made.json["id"])

    def name(self, client: str) -> str:
        return str(self.api.get(f"/api/v1/clients/{client}", who=self.owner, workspace=self.workspace).json["full_name"])

    def switch(self, module: str) -> None:
        done = self.api.put(f"/api/v1/workspaces/{self.workspace}/modules/{module}", json={"enabled": True}, who=self.owner)
        assert done.status == 200, done.body

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        with owner_of(self.settings) as connection:
            rows = connection.execute("select name, payload from outbox where workspace_id = %s order by id", (self.workspace,))
            return [(row[0], row[1]) for row in rows]


@pytest.fixture(scope="module")
def installation(cluster: Cluster) -> Installation:
    ours = (Candidate(plugin.id, "test", lambda plugin=plugin: plugin) for plugin in PLUGINS)  # type: ignore[misc]
    bundled = (candidate for candidate in plugins.discover() if candidate.bundled)
    registry = plugins.load_all(found=chain(bundled, ours), strict=True)
    return install(cluster.settings(cluster.clone("fitpro_hooks")), registry=registry)


@pytest.fixture(scope="module")
def api(installation: Installation) -> Api:
    return Api(web(installation))


@pytest.fixture
def scene(installation: Installation, api: Api) -> Scene:
    owner = api.signup()
    return Scene(installation, api, owner, api.workspace(owner))
