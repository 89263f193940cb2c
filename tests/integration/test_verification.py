"""Sealing, verifying and exporting the audit, as the clock, an owner and an operator do."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.postgres.outbox import OutboxClockwork, OutboxLeases
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.periodic import Schedule, periodics
from adapters.worker.worker import Worker
from config.bootstrap import Installation, install, jobs
from config.cli import main
from config.settings import Settings
from plugins.privacy.service import trail as export
from tests.servers import Api, Person, environ, owner_of


def test_the_clock_seals_where_something_was_done_and_nowhere_else(
    server: Api, ana: Person, studio: str, settings: Settings, installation: Installation
) -> None:
    _minute(installation, settings)
    whole = _verify(server, ana)
    assert (whole["ok"], whole["entries"], whole["position"], whole["waiting"], whole["breaks"]) == (True, 2, 2, 0, [])
    assert installation.container.anchors().newest(UUID(studio)) is not None
    server.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": "South"})
    assert _verify(server, ana)["waiting"] == 1
    _minute(installation, settings)
    _minute(installation, settings)
    _minute(installation, settings)
    with owner_of(settings) as connection:
        made = connection.execute(
            "select count(*) from outbox_deliveries where workspace_id = %s and handler = 'privacy:seal' and done_at is not null", (studio,)
        ).fetchone()
    assert made is not None
    assert made[0] < 5, "a quiet workspace is left alone"
    assert _verify(server, ana, f"?head={whole['head']}")["entries"] == 3


def test_a_trail_is_verified_in_parts(server: Api, ana: Person, studio: str, settings: Settings, installation: Installation) -> None:
    for name in ("South", "East"):
        _minute(installation, settings)
        server.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": name})
    _minute(installation, settings)
    seen, after = 0, 0
    while after is not None:
        part = _verify(server, ana, f"?limit=1&after={after}")
        assert part["ok"]
        seen, after = seen + part["entries"], part["next"]
    assert seen == 4


def test_an_entry_has_a_position_in_its_own_workspace_once_it_is_sealed(
    server: Api, ana: Person, studio: str, settings: Settings, installation: Installation
) -> None:
    newest = server.get("/api/v1/audit?limit=1", who=ana).json["items"][0]["id"]
    assert server.get(f"/api/v1/audit/{newest}", who=ana).json["position"] is None
    _minute(installation, settings)
    assert server.get(f"/api/v1/audit/{newest}", who=ana).json["position"] == 2


@pytest.mark.parametrize("head", ["nonsense", "fitpro-audit-1.AAAA", "fitpro-audit-1." + "A" * 192])
def test_a_receipt_that_is_not_ours_is_refused(server: Api, ana: Person, studio: str, head: str) -> None:
    refused = server.get(f"/api/v1/audit/verify?head={head}", who=ana)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "?head")


def test_a_receipt_of_another_workspace_is_refused(server: Api, ana: Person, studio: str, settings: Settings, installation: Installation) -> None:
    eve = server.signup("Eve")
    server.workspace(eve)
    _minute(installation, settings)
    assert server.get(f"/api/v1/audit/verify?head={_verify(server, ana)['head']}", who=eve).status == 422
    assert server.get("/api/v1/audit/verify?after=9", who=eve).json["errors"][0]["pointer"] == "?after"


def test_an_operator_is_told_the_row(
    server: Api, ana: Person, studio: str, settings: Settings, installation: Installation,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    _minute(installation, settings)
    for name, value in environ(settings).items():
        monkeypatch.setenv(name, value)
    assert main(["audit", "verify", "--workspace", studio]) == 0
    assert "2 entries checked" in capsys.readouterr().out
    with owner_of(settings) as connection:
        connection.execute("alter table audit_logs disable trigger user")
        row = connection.execute("update audit_logs set actor = 'x' where workspace_id = %s and table_name = 'workspaces' returning id", (studio,))
        [(victim,)] = row.fetchall()
        connection.execute("alter table audit_logs enable trigger user")
    assert main(["audit", "verify", "--workspace", studio]) == 1
    assert f"changed workspaces entry {victim} at position 1" in capsys.readouterr().out
    assert main(["audit", "verify", "--workspace", str(uuid4())]) == 1
    assert main(["audit", "seal", "--workspace", studio]) == 0


def test_entries_leave_as_json_lines_and_as_csv_and_that_is_recorded(server: Api, ana: Person, studio: str) -> None:
    server.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": "=1+1"})
    listed = server.get("/api/v1/audit", who=ana).json["items"]
    lines = server.get("/api/v1/audit/export", who=ana)
    assert [json.loads(line) for line in lines.body.splitlines()] == listed
    assert lines.headers["Content-Type"] == "application/jsonl"
    sheet = server.get("/api/v1/audit/export?format=csv&action=update", who=ana)
    [row] = csv.DictReader(io.StringIO(sheet.body.decode("utf-8-sig")))
    assert (row["id"], json.loads(row["after"])["name"]) == (listed[0]["id"], "=1+1")
    reads = server.get("/api/v1/audit?action=read", who=ana).json["items"]
    assert [(read["table"], read["record_id"]) for read in reads] == [("audit_logs", "export")] * 2


def test_a_long_export_goes_on_where_it_stopped(local: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PART", 2)
    ana = local.signup("Ana")
    studio = local.workspace(ana)
    for name in ("A", "B"):
        local.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": name})
    listed = [entry["id"] for entry in local.get("/api/v1/audit", who=ana).json["items"]]
    found, target = [], "/api/v1/audit/export?table=workspaces"
    while target:
        reply = local.get(target, who=ana)
        found += [json.loads(line)["id"] for line in reply.body.splitlines()]
        target = reply.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert len(found) == 3
    assert found == [id for id in listed if id in found]


def _verify(server: Api, who: Person, query: str = "") -> Any:
    reply = server.get(f"/api/v1/audit/verify{query}", who=who)
    assert reply.status == 200, reply.body
    return reply.json


def _minute(installation: Installation, settings: Settings) -> None:
    """What a worker does when a minute has passed."""
    pool = installation.container.relay_pool()
    clockwork, leases = OutboxClockwork(pool), OutboxLeases(pool)
    tasks = [task for task in periodics(installation.registry) if task.handler == "privacy:seal"]
    assert len(tasks) == 1
    Schedule(clockwork, tasks).tick()
    with owner_of(settings) as connection:
        connection.execute("update outbox_deliveries set unique_key = id::text where handler = 'privacy:seal'")
        connection.execute("update outbox_ticks set at = at - %s where handler = 'privacy:seal'", (timedelta(hours=1),))
    Schedule(clockwork, tasks).tick()
    worker = Worker(leases, jobs(installation, lease_s=30), Heartbeat(leases, lease_s=30), lease_s=30)
    while ready := leases.ready((), 1):
        for queue in ready:
            worker.drain(queue)


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Iterator[Installation]:
    made = install(settings)
    yield made
    for pool in (made.container.app_pool, made.container.auth_pool, made.container.relay_pool):
        pool().close()


@pytest.fixture
def ana(server: Api) -> Person:
    return server.signup("Ana Souza")


@pytest.fixture
def studio(server: Api, ana: Person) -> str:
    return server.workspace(ana)
