"""Broken plugins are set aside, each with its reason; everything else serves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from config.settings import Settings
from tests import packages, servers
from tests.servers import Api, Person

BROKEN = {
    "crashing": "import failed: RuntimeError: no licence was found",
    "dependent": "requires crashing, which failed",
    "unready": "pending migration: the database is at nothing, the code at unready_0001; run `fitpro db upgrade`",
    "unguarded": "Greetings.get (GET /api/v1/unguarded/greetings) has no @allow",
    "homeless": "table homeless_note has no workspace_id",
    "smuggler": "pending migration: the database is at nothing, the code at smuggler_0001; run `fitpro db upgrade`",
}
HEALTHY = ("bookings", "waitlist")


def test_the_upgrade_rolls_an_unsafe_migration_back_and_goes_on_with_the_others(ward: Ward) -> None:
    assert ward.upgraded.returncode == 1
    reason = "table smuggler_crate has no workspace_id and is not on the reviewed list"
    assert f"smuggler: migration failed: LintError: {reason}" in ward.upgraded.stderr
    with servers.owner_of(ward.settings) as connection:
        made = connection.execute("select to_regclass('smuggler_crate'), to_regclass('alembic_version_smuggler')").fetchone()
        assert made == (None, None)
        assert connection.execute("select to_regclass('waitlist_entry') is not null").fetchone() == (True,)


def test_each_is_listed_with_its_reason(ward: Ward) -> None:
    answer = packages.fitpro(ward.settings, ward.env, "plugin", "list", "--json")
    assert answer.returncode == 0, answer.stderr
    listed = {each["id"]: each for each in json.loads(answer.stdout)}
    assert {id: each["reason"] for id, each in listed.items() if each["state"] == "failed"} == BROKEN
    assert all(listed[id]["state"] == "ready" for id in HEALTHY)


def test_the_owner_sees_them_as_failed_and_cannot_switch_them_on(ward: Ward) -> None:
    page = ward.api.get(f"/api/v1/workspaces/{ward.workspace}/modules?limit=200", who=ward.owner)
    states = {module["name"]: module["state"] for module in page.json["items"]}
    assert {name for name, state in states.items() if state == "failed"} == set(BROKEN)
    refused = ward.api.put(f"/api/v1/workspaces/{ward.workspace}/modules/crashing", json={"enabled": True}, who=ward.owner)
    assert (refused.status, refused.json["code"]) == (503, "module_failed")


@pytest.mark.parametrize("plugin", BROKEN)
def test_its_routes_answer_503_to_a_member_and_tell_nobody_else(ward: Ward, plugin: str) -> None:
    path = f"/api/v1/{plugin}/greetings"
    for method in ("GET", "POST"):
        answer = ward.api.request(method, path, who=ward.owner, workspace=ward.workspace)
        assert (answer.status, answer.json["code"]) == (503, "module_failed"), answer.body
        assert BROKEN[plugin].encode() not in answer.body, "the reason is the operator's"
    assert ward.api.get(path).status == 401
    assert ward.api.get(path, who=ward.stranger, workspace=ward.workspace).status == 404


def test_everything_else_serves(ward: Ward) -> None:
    client = ward.api.post("/api/v1/clients", json={"full_name": "Bia"}, who=ward.owner, workspace=ward.workspace)
    assert client.status == 201, client.body
    done = ward.api.put(f"/api/v1/workspaces/{ward.workspace}/modules/waitlist", json={"enabled": True, "with_dependencies": True}, who=ward.owner)
    assert done.status == 200, done.body
    booking = ward.api.post(
        "/api/v1/bookings",
        json={
            "title": "Session",
            "client_ids": [client.json["id"]],
            "start_time": "2030-05-04T10:00:00+00:00",
            "end_time": "2030-05-04T11:00:00+00:00",
        },
        who=ward.owner,
        workspace=ward.workspace,
        headers={"Idempotency-Key": "first"},
    )
    assert booking.status == 201, booking.body
    entry = {"booking_id": booking.json["id"], "client_id": client.json["id"]}
    assert ward.api.post("/api/v1/waitlist/entries", json=entry, who=ward.owner, workspace=ward.workspace).status == 201


@pytest.mark.parametrize("plugin", BROKEN)
def test_strict_mode_refuses_to_start(ward: Ward, plugin: str) -> None:
    blocked = ",".join(other for other in BROKEN if other != plugin and not (plugin == "dependent" and other == "crashing"))
    env = servers.environ(ward.settings, **ward.env, FITPRO_STRICT="on", FITPRO_PLUGINS_BLOCK=blocked)
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"], env=env, cwd=servers.ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert started.returncode != 0
    assert f"{plugin}: {BROKEN[plugin]}" in started.stderr


def test_strict_mode_starts_when_the_broken_are_blocked(ward: Ward) -> None:
    env = servers.environ(ward.settings, **ward.env, FITPRO_STRICT="on", FITPRO_PLUGINS_BLOCK=",".join(BROKEN))
    started = subprocess.run(
        [sys.executable, "-c", "import wsgi"], env=env, cwd=servers.ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert started.returncode == 0, started.stderr


@dataclass(frozen=True)
class Ward:
    """A running installation with every broken plugin in it, and two healthy ones."""

    api: Api
    settings: Settings
    env: dict[str, str]
    upgraded: subprocess.CompletedProcess[str]
    owner: Person
    stranger: Person
    workspace: str


@pytest.fixture(scope="module")
def ward(cluster: servers.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """`unready` arrives after the upgrade: nobody has run its migration."""
    folder = tmp_path_factory.mktemp("ward")
    early = packages.install(folder / "early", "waitlist", *(id for id in BROKEN if id != "unready"))
    late = packages.install(folder / "late", "unready")
    settings = cluster.settings(cluster.clone("fitpro_quarantine"), strict=False)
    upgraded = packages.fitpro(settings, {"PYTHONPATH": packages.path(early)}, "db", "upgrade")
    env = {"PYTHONPATH": packages.path(early, late)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", env["PYTHONPATH"])
        with servers.web_server(settings, folder / "web.log") as url:
            api = Api(url)
            owner, stranger = api.signup(), api.signup()
            yield Ward(api, settings, env, upgraded, owner, stranger, api.workspace(owner))
