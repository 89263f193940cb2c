"""The product: migrated for real, every plugin on, owners with sessions and tokens of its own issuer."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from config import plugins, upgrades
from config.container import Container
from config.settings import Settings
from kernel.ids import new_id
from plugins.clients.domain.register import normalise, terms_of
from tests.bench.database import CLIENTS, PRODUCT, TENANTS
from tests.bench.load import Side
from tests.bench.virtualenvs import environment
from tests.loopback import free_port
from tests.servers import ROOT, Cluster, environ, process, wait_ready

LIFETIME_S = 3600
KNOWN = 20  # clients of each workspace that a run asks for
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_NOTES = "Knee {}, {} cm, wants strength and mobility; medical note: none reported. Trains in the morning, twice a week."


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who may ask, and about what."""

    token: str
    workspace: UUID
    clients: tuple[UUID, ...]


def install(cluster: Cluster, **changes: Any) -> Settings:
    """Its settings, on a migrated database without data."""
    settings = cluster.settings(PRODUCT, access_token_ttl_s=LIFETIME_S, **changes)
    if failed := upgrades.upgrade(settings):
        raise SystemExit("\n".join(f"plugin {id}: {reason}" for id, reason in failed.items()))
    return settings


def seed(cluster: Cluster, settings: Settings) -> list[Owner]:
    """People, workspaces and clients, as many as the peer has; a workspace's rows lie scattered, as they do in life."""
    on = [id for id, manifest in plugins.load_all(strict=True).plugins.items() if not manifest.core]
    issuer = Container(settings=settings).issuer()
    seats = [(new_id(), new_id(), new_id()) for _ in range(TENANTS)]
    known: dict[UUID, list[UUID]] = {workspace: [] for workspace, _, _ in seats}
    with psycopg.connect(cluster.server.dsn("postgres", PRODUCT)) as connection:
        connection.execute("set local session_replication_role = replica")  # no audit of what nobody did
        for number, (workspace, user, session) in enumerate(seats, 1):
            email, name = f"owner{number}@studio.example", f"Owner {number}"
            connection.execute("insert into users (id, email, full_name) values (%s, %s, %s)", (user, email, name))
            connection.execute("insert into sessions (id, user_id, expires_at) values (%s, %s, now() + interval '30 days')", (session, user))
            connection.execute("insert into workspaces (id, name, modules) values (%s, %s, %s)", (workspace, f"Studio {number}", on))
            connection.execute(
                "insert into user_roles (workspace_id, user_id, role, full_name, email) values (%s, %s, 'Owner', %s, %s)",
                (workspace, user, name, email),
            )
        rows = list(_clients([workspace for workspace, _, _ in seats]))
        columns = "workspace_id, id, full_name, search_name, email, phone, status, tags, notes, created_at, updated_at"
        _copy(connection, f"clients ({columns})", rows)
        terms = ((row[0], row[1], term) for row in rows for term in terms_of(row[2], row[4], row[7], row[5]))
        _copy(connection, "clients_term (workspace_id, client_id, term)", terms)
        for row in rows[: TENANTS * KNOWN]:
            known[row[0]].append(row[1])
    with psycopg.connect(cluster.server.dsn("postgres", PRODUCT), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return [Owner(issuer.issue(user, session).token, workspace, tuple(known[workspace])) for workspace, user, session in seats]


def _clients(workspaces: list[UUID]) -> Iterator[tuple[Any, ...]]:
    for k in range(1, CLIENTS + 1):
        for number, workspace in enumerate(workspaces, 1):
            name = f"Client Number {k}"
            # No two moments alike, as in life: a cache of their texts must not look better than it is.
            added = _FIRST + timedelta(hours=k, seconds=17 * number, microseconds=(k * TENANTS + number) * 7919 % 1_000_000)
            yield (
                workspace, new_id(), name, normalise(name), f"client{k}@studio{number}.example", f"+1555{k:07}",
                "inactive" if k % 10 == 0 else "active", [f"goal-{k % 7}", "vip", "morning"], _NOTES.format(k % 2, 150 + k % 50),
                added, added + timedelta(days=150, seconds=k),
            )  # fmt: skip


def _copy(connection: psycopg.Connection[Any], into: str, rows: Any) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {into} from stdin") as copy:
        for row in rows:
            copy.write_row(row)


@contextlib.contextmanager
def running(cluster: Cluster, folder: Path, workers: int, threads: int) -> Iterator[Side]:
    """The product with its data, ready."""
    folder.mkdir()
    settings = install(cluster, threads=threads)
    tokens = folder / "people.lua"
    tokens.write_text(_lua(seed(cluster, settings)))
    port = free_port()
    programs = environment(".venv-product", ROOT / "config" / "requirements.txt")
    command = [
        str(programs / "python"), "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws",
        "--workers", str(workers), "--blocking-threads", str(threads),
        "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10",
        "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "wsgi:app",
    ]  # fmt: skip
    metrics = folder / "metrics"
    metrics.mkdir()
    log = folder / "server.log"
    with process(command, environ(settings, PROMETHEUS_MULTIPROC_DIR=str(metrics)), log) as child:
        url = f"http://127.0.0.1:{port}"
        wait_ready(url, child, log)
        yield Side("product", url, child.pid, Path(__file__).parent / "load.lua", tokens)
        _tell(log)


def _tell(log: Path) -> None:
    """Whatever it had to complain about: a run with errors in its log is no measurement."""
    if said := log.read_text()[-2000:]:
        print(f"The product's log:\n{said}", file=sys.stderr)


def _lua(owners: list[Owner]) -> str:
    lines = (
        f'{{token="{owner.token}",workspace="{owner.workspace}",clients={{{",".join(json.dumps(str(id)) for id in owner.clients)}}}}},'
        for owner in owners
    )
    return "\n".join(("return {", *lines, "}")) + os.linesep


def booked(cluster: Cluster) -> dict[str, int]:
    """What its bookings left: all must be equal."""
    return _counted(
        cluster,
        {
            "bookings": "select count(*) from bookings",
            "participants": "select count(*) from bookings_participant",
            "times": "select count(*) from bookings_time",
            "audit": "select count(*) from audit_logs where table_name = 'bookings' and action = 'insert'",
            "events": "select count(*) from outbox where name = 'bookings_created'",
        },
    )


def effects(cluster: Cluster) -> dict[str, int]:
    """What its creates left: the three must be equal."""
    asked = {
        "clients": f"select count(*) - {TENANTS * CLIENTS} from clients",
        "audit": "select count(*) from audit_logs where table_name = 'clients' and action = 'insert'",
        "events": "select count(*) from outbox where name = 'clients_created'",
    }
    return _counted(cluster, asked)


def _counted(cluster: Cluster, asked: dict[str, str]) -> dict[str, int]:
    with cluster.superuser(PRODUCT) as connection:
        return {name: int(connection.execute(query).fetchone()[0]) for name, query in asked.items()}  # type: ignore[index]
