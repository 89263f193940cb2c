"""T38: no column of the server's can be set from outside: every such name in every write body, at every depth, is 422 and changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import marshmallow as ma
import psycopg
import pytest
from psycopg import sql

from adapters.http.gateway import Gateway
from adapters.postgres.model import metadata
from config.bootstrap import web
from config.plugin_admin import installation
from config.settings import Settings
from tests.documented import BODIES, Documented, World, changed, world
from tests.servers import Api, Cluster

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
    for operation, path, body, unchanged in prepared(here, dsn):
        for added, sent in attempts(operation, body):
            reply = here.call(operation, path=path, json=sent)
            tried += len(added)
            refused = {fault["pointer"] for fault in reply.json.get("errors", ())} if reply.status == 422 else set()
            found += [f"{operation} {each}: {reply.status} {reply.body[:200]!r}" for each in added if each not in refused]
        if not unchanged():
            found.append(f"{operation}: rows changed")
    return tried, found


def prepared(here: World, dsn: str) -> Iterator[tuple[Documented, str, dict[str, Any], Callable[[], bool]]]:
    """Every write with a path and a body that are good, all made beforehand; and whether all rows are still as they were before it."""
    made = [(operation, here.path(operation), here.body(operation)) for operation in writes(here)]
    with psycopg.connect(dsn, autocommit=True) as connection:
        seen = [digest(connection)]

        def unchanged() -> bool:
            seen.append(digest(connection))
            return seen[-1] == seen[-2]

        for each in made:
            yield *each, unchanged


def writes(here: World) -> list[Documented]:
    return [each for each in here.operations if each.method in BODIES and each.body_schema is not None]


def digest(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """All rows of all tables: table → digest."""
    tables = connection.execute("select tablename from pg_tables where schemaname = 'public' order by 1").fetchall()
    one = sql.SQL("select {}, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t")
    every = sql.SQL(" union all ").join(one.format(name, sql.Identifier("public", name)) for (name,) in tables)
    return dict(connection.execute(every).fetchall())  # in no order to rely on


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
    for operation, path, body, unchanged in prepared(here, dsn):
        for name in ("role", "workspace_id", "id", "paid", "price"):
            if name not in operation.query:
                assert here.call(operation, path=f"{path}?{name}=1", json=body).status == 422, (str(operation), name)
        assert unchanged(), str(operation)


@pytest.mark.parametrize("unknown", [ma.INCLUDE, ma.EXCLUDE])
def test_t38_a_schema_that_tolerates_unknown_names_is_noticed(
    here: World, dsn: str, apart: tuple[Settings, Gateway], monkeypatch: pytest.MonkeyPatch, unknown: Any
) -> None:
    lenient = next(each for each in apart[1].compiled.values() if each.operation.id == "clients_update_client").operation.marks.body
    monkeypatch.setattr(lenient, "unknown", unknown)
    here.operations[:] = [each for each in here.operations if str(each) == "clients_update_client"]
    _, found = holes(here, dsn)
    assert len(found) > 10


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    """Of its own: all rows are looked at after every operation, and the shared one has those of all tests before."""
    return cluster.clone("fitpro_t38")


@pytest.fixture(scope="module")
def apart(cluster: Cluster, database: str) -> Iterator[tuple[Settings, Gateway]]:
    settings = cluster.settings(database)
    with installation(settings) as running:
        gateway = web(running)
        world(Api(gateway), settings)  # whose rows are to stay as they are too
        yield settings, gateway


@pytest.fixture
def here(apart: tuple[Settings, Gateway]) -> World:
    settings, gateway = apart
    return world(Api(gateway), settings)


@pytest.fixture(scope="module")
def dsn(cluster: Cluster, database: str) -> str:
    """As the superuser, who sees every row."""
    return cluster.server.dsn("postgres", database)
