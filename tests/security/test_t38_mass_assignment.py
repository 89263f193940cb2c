"""T38: no column of the server's can be set from outside: every such name in every write body, at every depth, is 422 and changes nothing."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
import psycopg
import pytest
from psycopg import sql

from adapters.http.gateway import Gateway
from adapters.postgres.model import metadata
from config.settings import Settings
from tests.documented import BODIES, Documented, World, changed, world
from tests.servers import Api

ALWAYS = {
    "role": "Owner", "roles": ["Owner"], "workspace_id": str(uuid.uuid4()), "owner": True, "owner_id": str(uuid.uuid4()), "is_admin": True,
    "price": 1, "paid": True, "id": str(uuid.uuid4()), "user_id": str(uuid.uuid4()), "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "archived_at": None, "deleted_at": None, "version": 99, "password_hash": "x", "email_verified": True, "stripe_account_id": "acct_1",
    "stripe_customer_id": "cus_1", "stripe_subscription_id": "sub_1", "search_name": "x", "modules": ["payments"], "__proto__": {"role": "Owner"},
    "constructor": {}, "_sa_instance_state": {}, "$set": {"role": "Owner"},
}  # fmt: skip
AT_ONCE = 20


def columns() -> dict[str, Any]:
    """Every column of every table, with a value of its type."""
    found = {column.name: value_for(column) for table in metadata.tables.values() for column in table.columns}
    return {**found, **ALWAYS}


def value_for(column: Any) -> Any:
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return "x"
    values = {bool: True, int: 7, list: [], dict: {}, uuid.UUID: str(uuid.uuid4())}
    return values.get(kind, "2020-01-01T00:00:00Z" if "date" in kind.__name__ else "x")


def attempts(operation: Documented, body: dict[str, Any]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """The body with some names of the server's added, and their pointers, in turn for each name and each object of the body.

    Several at once: the problem names each that is refused, so one that was taken is missed among them.
    """
    schema = operation.body_schema
    assert schema is not None
    for at, inner in operation.objects(schema):
        names = [(name, value) for name, value in columns().items() if name not in inner["properties"]]
        for several in (names[first : first + AT_ONCE] for first in range(0, len(names), AT_ONCE)):
            sent = body
            for name, value in several:
                sent = changed(sent, (*at, name), value)
            yield ["/" + "/".join((*at, name)) for name, _ in several], sent


def holes(here: World, dsn: str) -> tuple[int, list[str]]:
    """How many route × column cells were tried, and those that were not a 422 naming the column, or that changed a row."""
    tried, found = 0, []
    for operation in writes(here):
        path, body = here.path(operation), here.body(operation)
        before = digest(dsn)
        for added, sent in attempts(operation, body):
            reply = here.call(operation, path=path, json=sent)
            tried += len(added)
            refused = {fault["pointer"] for fault in reply.json.get("errors", ())} if reply.status == 422 else set()
            found += [f"{operation} {each}: {reply.status} {reply.body[:200]!r}" for each in added if each not in refused]
        if digest(dsn) != before:
            found.append(f"{operation}: rows changed")
    return tried, found


def writes(here: World) -> list[Documented]:
    return [each for each in here.operations if each.method in BODIES and each.body_schema is not None]


def digest(dsn: str) -> str:
    """All rows of all tables, in whatever order: one question, as it is asked twice for each operation."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute("select schemaname, tablename from pg_tables where schemaname = 'public' order by 2").fetchall()
        every = sql.SQL(" union all ").join(
            sql.SQL("select {name}, count(*), sum(hashtextextended(t::text, 0)::numeric) from {table} t").format(
                name=sql.Literal(table), table=sql.Identifier(schema, table)
            )
            for schema, table in tables
        )
        return hashlib.sha256(repr(connection.execute(every).fetchall()).encode()).hexdigest()


def test_t38_every_column_in_every_write_body_is_422_and_changes_nothing(here: World, dsn: str) -> None:
    tried, found = holes(here, dsn)
    assert not found, f"{len(found)} of {tried}\n" + "\n".join(found[:20])
    assert tried >= 60 * len(writes(here))


def test_t38_the_bodies_are_good_without_the_extra_column(here: World) -> None:
    """Otherwise the 422 could be about something else, and prove nothing."""
    for operation in writes(here):
        if (operation.public and operation.path != "/auth/signup") or operation.path == "/api/v1/invitations/accept":
            continue  # signing in needs a password and a token that are right
        if operation.path.endswith(("/calendars", "/refresh", "/join", "/leave", "/queue", "/accept")):
            continue  # they need a server that has a calendar, or a class in a state of its own: T1 and T2 have those
        reply = here.call(operation, json=here.body(operation))
        assert 200 <= reply.status < 300 or reply.status == 409, (str(operation), reply.status, reply.body)


def test_t38_nothing_in_a_query_is_taken_for_a_column(here: World, dsn: str) -> None:
    for operation in writes(here):
        path, body = here.path(operation), here.body(operation)
        before = digest(dsn)
        for name in ("role", "workspace_id", "id", "paid", "price"):
            if name not in operation.query:
                assert here.call(operation, path=f"{path}?{name}=1", json=body).status == 422, (str(operation), name)
        assert digest(dsn) == before


@pytest.mark.parametrize("unknown", [ma.INCLUDE, ma.EXCLUDE])
def test_t38_a_schema_that_tolerates_unknown_names_is_noticed(
    here: World, dsn: str, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, unknown: Any
) -> None:
    lenient = next(each for each in gateway.compiled.values() if each.operation.id == "clients_update_client").operation.marks.body
    monkeypatch.setattr(lenient, "unknown", unknown)
    here.operations[:] = [each for each in here.operations if str(each) == "clients_update_client"]
    _, found = holes(here, dsn)
    assert len(found) > 10


@pytest.fixture
def here(local: Api, settings: Settings) -> World:
    return world(local, settings)


@pytest.fixture
def dsn(settings: Settings, cluster: Any) -> str:
    """As the superuser, who sees every row."""
    database = (settings.database_url or "").split("/")[-1].split("?")[0]
    return str(cluster.server.dsn("postgres", database))
