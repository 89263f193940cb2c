"""T11, T19: as a member of A, no statement moves a row into another workspace, and one without WHERE touches A's rows alone."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.security import oracle
from tests.security.documents import operations
from tests.security.seeded import planted
from tests.security.studios import Studio, Studios, plant
from tests.security.test_t01_isolation import RESTORE_TENANT
from tests.security.wandering import KINDS

SERVER_OWNED = {"workspace_id", "id", "version", "created_at", "updated_at", "archived_at", "user_id", "owner_id", "search_name"}
FOR_READING = {"audit_logs", "audit_seals", "api_keys", "api_key_uses"}
"""Reviewed: tenant tables the app role may not write, or not these columns of."""
COUNTS = {"bookings_revision"}
"""Reviewed: what counts the changes of others changes with them."""


@contextmanager
def acting(studios: Studios, studio: Studio, client: str = "") -> Iterator[psycopg.Connection[Any]]:
    """The app role in a studio's context; what it does is undone."""
    with psycopg.connect(studios.settings.database_url or "") as connection:
        connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.client_id', %s, true)", (studio.id, client))
        yield connection
        connection.rollback()


def attempt(connection: psycopg.Connection[Any], sql: str, *values: object) -> int | str:
    """Rows touched, or the SQLSTATE; the transaction goes on."""
    try:
        with connection.transaction():
            return connection.execute(sql.encode(), values).rowcount
    except psycopg.Error as error:
        return str(error.sqlstate)


def test_t11_moving_a_row_to_another_workspace_is_refused_on_every_table(studios: Studios, tables: list[str]) -> None:
    a, b = studios["a"], studios["b"]
    with acting(studios, a) as connection:
        moved = {table: attempt(connection, f"update {table} set {oracle.column_of(table)} = %s", b.id) for table in tables}
        nowhere = {table: attempt(connection, f"update {table} set {oracle.column_of(table)} = gen_random_uuid()") for table in tables}
    assert set(moved.values()) == {"42501"}
    assert moved == nowhere


def test_t11_fetching_a_row_of_another_workspace_touches_none(studios: Studios, tables: list[str]) -> None:
    a, b = studios["a"], studios["b"]
    with acting(studios, a) as connection:
        fetched = {
            table: attempt(connection, f"update {table} set {oracle.column_of(table)} = %s where {oracle.column_of(table)} = %s", a.id, b.id)
            for table in tables
            if table not in FOR_READING
        }
    assert set(fetched.values()) == {0}


def test_t11_no_body_may_name_a_column_that_is_the_servers(studios: Studios) -> None:
    a, b = studios["a"], studios["b"]
    rows = {name: kind.removesuffix(".id") for name, kind in KINDS.items() if kind.endswith(".id")}
    given = {name: studios.one(table, a) for name, table in rows.items() if table not in ("workspaces", "sessions", "files")}
    given |= {
        "client_id": a.clients[1], "user_id": a.people["Colaborador"].id, "workspace_id": a.id, "name": "clients", "invitation_id": a.invitation,
    }  # fmt: skip
    asked, accepted = 0, []
    for way in operations(studios.api.get("/api/v1/openapi.json").json):
        if way.body is None:
            continue
        path = way.path.format(**{name: given.get(name, "nothing") for name in re.findall(r"{(\w+)}", way.path)})
        for owned in SERVER_OWNED - way.body.get("properties", {}).keys():
            body, headers = {**way.example, owned: b.id}, {"If-Match": "*"}
            reply = studios.api.request(way.method, path, json=body, who=a.people["Owner"], workspace=a.id, headers=headers)
            asked += 1
            if reply.status != 422 or f"/{owned}" not in {fault["pointer"] for fault in reply.json["errors"]}:
                accepted.append(f"{way.id} {owned}: {reply.status}")
    assert accepted == []
    assert asked >= 60


def test_t19_a_write_without_where_touches_the_rows_of_its_workspace_alone(studios: Studios, tables: list[str]) -> None:
    a = studios["a"]
    with studios.connect() as sees_all:
        mine = {t: oracle.count(sees_all, f"select count(*) from {t} where {oracle.column_of(t)} = %(ws)s", ws=a.id) for t in tables}
        everybodys = {t: oracle.count(sees_all, f"select count(*) from {t}") for t in tables}
        before = {other.letter: oracle.digests(sees_all, other.id, []) for other in studios.others("a")}
        with acting(studios, a) as connection:
            updated = {
                t: attempt(connection, f"update {t} set {oracle.column_of(t)} = {oracle.column_of(t)}") for t in tables if t not in FOR_READING
            }
            assert {t: count for t, count in updated.items() if t not in COUNTS} == {t: mine[t] for t in tables if t not in FOR_READING | COUNTS}
            assert {t: attempt(connection, f"delete from {t}") for t in FOR_READING} == dict.fromkeys(FOR_READING, "42501")
            for table in set(tables) - COUNTS:
                assert attempt(connection, f"select * from {table} for share") in (mine[table], "42501")
        referred = {"workspaces", "user_roles", "clients", "clients_import", "outbox", "bookings", "bookings_service", "bookings_room"}
        referred |= {"bookings_series", "bookings_calendar", "bookings_queue_place"}
        leaves = [t for t in tables if t not in FOR_READING | COUNTS | referred]
        with psycopg.connect(studios.settings.database_url or "") as connection:
            connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.client_id', '', true)", (a.id,))
            assert {t: attempt(connection, f"delete from {t}") for t in leaves} == {t: mine[t] for t in leaves}
            connection.commit()
        assert {other.letter: oracle.digests(sees_all, other.id, []) for other in studios.others("a")} == before
    assert all(everybodys[t] > mine[t] > 0 for t in leaves)


def test_t19_a_cliente_without_where_touches_their_own_rows_alone(studios: Studios) -> None:
    b = studios["b"]
    with acting(studios, b, client=b.clients[0]) as connection:
        assert attempt(connection, "update clients set notes = notes") == 1
        assert connection.execute("select distinct client_id::text from clients_term").fetchall() == [(b.clients[0],)]
        own = attempt(connection, "update clients_term set term = term where client_id = %s", b.clients[0])
        assert own not in (0, "42501")
        assert attempt(connection, "delete from clients_term") == own
        assert attempt(connection, "update clients set id = id where id = %s", b.clients[1]) == 0


def test_t19_an_open_policy_is_caught(studios: Studios) -> None:
    c = studios["c"]
    made = studios.api.post("/api/v1/clients", json={"full_name": "Referred to by nothing"}, who=c.people["Owner"], workspace=c.id)
    with (
        planted(studios.superuser, "alter policy tenant on clients using (true) with check (true)", RESTORE_TENANT),
        acting(studios, c) as connection,
    ):
        touched = attempt(connection, "update clients set notes = notes")
        moved = attempt(connection, "update clients set workspace_id = %s, assigned_to = null where id = %s", studios["b"].id, made.json["id"])
    assert isinstance(touched, int)
    assert touched > len(c.clients)
    assert moved == "23514", "even then the audit triggers refuse to lose sight of a row"


def test_a_row_cannot_slip_out_of_the_audit_log_by_changing_its_key(studios: Studios) -> None:
    a = studios["a"]
    with acting(studios, a) as connection:
        assert attempt(connection, "update clients_term set client_id = client_id") != "23514", "the tables without triggers are not meant"
        assert attempt(connection, "update clients set id = %s where id = %s", str(uuid.uuid4()), a.clients[2]) in ("23514", "23503")
        assert attempt(connection, "update workspace_modules set module = module || 'x'") in (0, "23514")


def test_the_app_role_cannot_call_its_deletes_a_purge(studios: Studios) -> None:
    a = studios["a"]
    with acting(studios, a) as connection:
        connection.execute("select set_config('app.purging', 'on', true)")
        connection.execute("insert into workspace_modules (workspace_id, module) values (%s, 'fleeting')", (a.id,))
        connection.execute("delete from workspace_modules where module = 'fleeting'")
        seen = connection.execute("select action from audit_logs where record_id = 'fleeting' order by id").fetchall()
    assert [action for (action,) in seen] == ["insert", "delete"]


@pytest.fixture(scope="module")
def tables(studios: Studios) -> list[str]:
    """Every tenant table, with rows in each."""
    plant(studios)
    with studios.connect() as connection:
        return [*oracle.tenant_tables(connection), "workspaces"]
