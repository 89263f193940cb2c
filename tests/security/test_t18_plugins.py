"""T18: a plugin gets the session of its workspace and nothing that could open another."""

from __future__ import annotations

import ast
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

import plugins
from adapters.http.gateway import Gateway
from kernel.context import Current, Kind, Scope, serving
from plugins.sdk import ctx
from tests.security.oracle import column_of, tenant_tables
from tests.security.seeded import planted
from tests.security.studios import Studios, plant
from tests.security.test_t01_isolation import RESTORE_TENANT

ALLOWED = ("plugins.sdk", "kernel", "ports")
CONNECTING = {"psycopg", "psycopg_pool", "asyncpg", "sqlite3", "socket", "subprocess", "redis", "huey"}


@contextmanager
def inside(studios: Studios, gateway: Gateway, kind: Kind) -> Iterator[None]:
    """As a plugin's code runs in a request of A's Owner, or in a job of A."""
    a = studios["a"]
    with studios.connect() as connection:
        row = connection.execute("select id from sessions where user_id = %s limit 1", (a.people["Owner"].id,)).fetchone()
    assert row is not None
    scope = Scope(kind, "probe", uuid.UUID(a.id), uuid.UUID(a.people["Owner"].id), row[0], "clients", ("Owner",))
    platform = gateway.runner.platform
    database = platform.databases["app"]
    with (
        database.open(scope) as work,
        serving(Current(scope, platform.dispatcher, database.modules(work, scope.workspace_id), work)),
    ):
        yield


def seen(studios: Studios, tables: list[str]) -> dict[str, set[str]]:
    """What a probe plugin sees of each table: the workspaces of all rows it gets without a WHERE."""
    return {table: {str(row) for row in ctx.session.scalars(sa.text(f"select {column_of(table)} from {table}"))} for table in tables}


@pytest.mark.parametrize("kind", [Kind.WORKSPACE, Kind.JOB])
def test_t18_a_probe_plugin_reads_every_table_and_sees_one_workspace(studios: Studios, tables: list[str], gateway: Gateway, kind: Kind) -> None:
    with inside(studios, gateway, kind):
        assert seen(studios, tables) == {table: {studios["a"].id} for table in tables}


@pytest.mark.parametrize("table", ["users", "sessions", "accounts_credential", "accounts_refresh_token", "accounts_signing_key", "huey_task"])
def test_t18_a_probe_plugin_reads_no_credential_and_no_session(studios: Studios, gateway: Gateway, table: str) -> None:
    with inside(studios, gateway, Kind.WORKSPACE), pytest.raises(DBAPIError, match="permission denied"):
        ctx.session.execute(sa.text(f"select * from {table}"))


def test_t18_what_stands_behind_the_session_is_the_same_transaction(studios: Studios, gateway: Gateway) -> None:
    with inside(studios, gateway, Kind.WORKSPACE):
        here = ctx.session.scalar(sa.text("select pg_backend_pid() || ' ' || pg_current_xact_id()"))
        bind = ctx.session.get_bind()
        engine = bind.engine if isinstance(bind, sa.Connection) else bind
        with engine.connect() as other:
            assert other.scalar(sa.text("select pg_backend_pid() || ' ' || pg_current_xact_id()")) == here
            assert {str(row) for row in other.scalars(sa.text("select workspace_id from clients"))} == {studios["a"].id}


@pytest.mark.parametrize("role", ["fitpro_owner", "fitpro_guard", "fitpro_auth", "fitpro_relay", "postgres"])
def test_t18_the_session_becomes_no_other_role(studios: Studios, gateway: Gateway, role: str) -> None:
    with inside(studios, gateway, Kind.WORKSPACE), pytest.raises(DBAPIError, match="permission denied"):
        ctx.session.execute(sa.text(f"set role {role}"))


def test_t18_a_table_that_shows_more_is_caught(studios: Studios, tables: list[str], gateway: Gateway) -> None:
    with (
        planted(studios.superuser, "alter policy tenant on clients using (true) with check (true)", RESTORE_TENANT),
        inside(studios, gateway, Kind.WORKSPACE),
    ):
        assert seen(studios, tables)["clients"] > {studios["a"].id}


# Imports ---------------------------------------------------------------------------------------------------------------------------------


def forbidden(source: str, package: str) -> set[str]:
    """What a plugin's module imports and may not: adapters, other plugins, drivers, or an engine."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and node.attr in ("create_engine", "create_async_engine", "engine_from_config"):
            names = [f"sqlalchemy.{node.attr}"]
        for name in names:
            top = name.partition(".")[0]
            ours = name.startswith((*ALLOWED, f"plugins.{package}."))
            if (top in {"adapters", "config", "plugins", "tests", "migrations"} and not ours) or top in CONNECTING or "engine" in name:
                found.add(name)
    return found


def test_t18_no_bundled_plugin_imports_an_engine_a_driver_or_another_plugin() -> None:
    root = Path(next(iter(plugins.__path__)))
    modules = [path for path in root.glob("*/**/*.py") if path.parent.name != "migrations"]
    assert len(modules) >= 20
    assert {str(path): found for path in modules if (found := forbidden(path.read_text(), path.relative_to(root).parts[0]))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import create_engine",
        "import psycopg",
        "from adapters.postgres.pool import Pool",
        "from plugins.accounts.models import credentials",
        "import plugins.accounts.models",
        "from config.container import Container",
        "from plugins.sdk import sa\nsa.create_engine('postgresql://')",
    ],
)
def test_t18_a_seeded_import_is_caught(source: str) -> None:
    assert forbidden(source, "clients") != set()


@pytest.fixture(scope="module")
def tables(studios: Studios) -> list[str]:
    """Every tenant table, with rows of all studios in each."""
    plant(studios)
    with studios.connect() as connection:
        return [*tenant_tables(connection), "workspaces"]
