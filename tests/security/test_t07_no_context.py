"""T7: without a context nothing is read or written, and that is loud: never an empty list."""

from __future__ import annotations

import logging
import uuid

import psycopg
import pytest

from adapters.http.gateway import Gateway
from adapters.postgres import gate
from adapters.postgres.pool import Pool
from adapters.postgres.statements import sql
from kernel.context import Kind, NoContext, Scope, current
from plugins.sdk import ctx
from tests.security.oracle import tenant_tables
from tests.security.seeded import rewritten
from tests.security.studios import Studios, plant

CONTEXTS = {
    "never set": "",
    "set to nothing": "select set_config('app.workspace_id', '', false)",
    "of a transaction that ended": "begin; select set_config('app.workspace_id', gen_random_uuid()::text, true); commit",
    "only a person": "select set_config('app.user_id', gen_random_uuid()::text, false)",
}
COMMANDS = ("select * from {table}", "select count(*) from {table}", "update {table} set workspace_id = workspace_id", "delete from {table}")


def unprotected(app_role: psycopg.Connection[tuple[object, ...]], tables: list[str], context: str) -> list[str]:
    """Commands that did not fail with 42501."""
    app_role.execute(context.encode() or b"select 1")
    found = []
    for table in tables:
        column = "id" if table == "workspaces" else "workspace_id"
        for command in (*COMMANDS, f"insert into {{table}} ({column}) values (gen_random_uuid())"):
            asked = command.format(table=table).replace("workspace_id = workspace_id", f"{column} = {column}")
            try:
                app_role.execute(asked.encode())
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                found.append(f"{asked}: {error.sqlstate}")
            else:
                found.append(f"{asked}: accepted")
    return found


@pytest.mark.parametrize("context", CONTEXTS)
def test_t7_every_tenant_table_refuses_a_connection_without_context(
    full: list[str], app_role: psycopg.Connection[tuple[object, ...]], context: str
) -> None:
    assert unprotected(app_role, full, CONTEXTS[context]) == []
    assert len(full) >= 8


def test_t7_a_silent_empty_answer_is_caught(studios: Studios, full: list[str], app_role: psycopg.Connection[tuple[object, ...]]) -> None:
    with rewritten(
        studios.superuser,
        "app.no_workspace",
        lambda body: body.replace("raise exception 'no workspace context' using", "return null; raise exception 'x' using"),
    ):
        assert len(unprotected(app_role, full, "")) >= len(full)


def test_t7_python_raises_before_any_sql(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    database = gateway.runner.platform.databases["app"]
    monkeypatch.setattr(Pool, "take", lambda _: pytest.fail("a connection was taken"))
    for kind in (Kind.WORKSPACE, Kind.JOB):
        with pytest.raises(NoContext):
            database.open(Scope(kind, "", user_id=uuid.uuid4(), session_id=uuid.uuid4()))
    with pytest.raises(NoContext):
        current()
    with pytest.raises(NoContext):
        _ = ctx.work


@pytest.mark.parametrize("kind", [Kind.PUBLIC, Kind.USER])
def test_t7_a_scope_without_a_workspace_reads_no_tenant_table(studios: Studios, full: list[str], gateway: Gateway, kind: Kind) -> None:
    database = gateway.runner.platform.databases["app"]
    person = studios["a"].people["Owner"]
    with studios.connect() as connection:
        row = connection.execute("select id from sessions where user_id = %s limit 1", (person.id,)).fetchone()
    assert row is not None
    for table in full:
        with database.open(Scope(kind, "", user_id=uuid.UUID(person.id), session_id=row[0])) as work, pytest.raises(Exception, match="42501"):
            work.rows(sql(f"select 1 from {table}"))


def test_t7_an_operation_that_forgot_to_enter_is_a_500_in_the_log_and_not_an_empty_list(
    studios: Studios, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    a = studios["a"]
    assert studios.api.get("/api/v1/clients", who=a.people["Owner"], workspace=a.id).status == 200
    monkeypatch.setattr(gate, "check", lambda *_: None)
    with caplog.at_level(logging.ERROR):
        reply = studios.api.get("/api/v1/clients", who=a.people["Owner"], workspace=a.id)
    assert reply.status == 500
    assert "42501" not in reply.body.decode()
    assert any(record.levelno >= logging.ERROR and "42501" in str(record.exc_info) for record in caplog.records)


@pytest.fixture(scope="module")
def full(studios: Studios) -> list[str]:
    """Every tenant table, with a row in each: an empty one is never asked its policy."""
    plant(studios)
    with studios.connect() as connection:
        tables = [*tenant_tables(connection), "workspaces"]
        for table in tables:
            assert connection.execute(f"select 1 from {table} limit 1".encode()).fetchone() is not None, table
    return tables
