"""Reads of sensitive records: recorded with the transaction that reads, shown to staff and to whoever they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from config.bootstrap import Installation, install
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from kernel.ids import new_id
from plugins.sdk import ctx
from tests.servers import Api, Person, add_member, owner_of

SEES = ("Owner", "Colaborador", "Cliente")


class Reader:
    """Somebody who reads records, as an operation does."""

    def __init__(self, installation: Installation, person: Person, workspace: str) -> None:
        self._installation = installation
        self._person = person
        self._workspace = UUID(workspace)

    def does(self, what: Callable[[], Any], *, commit: bool = True) -> None:
        container = self._installation.container
        principal = container.verifier().verify(self._person.token)
        scope = Scope(Kind.WORKSPACE, "a request", self._workspace, principal.user_id, principal.session_id, "", SEES)
        database = container.app_database()
        with database.open(scope, reading=True) as work:
            with serving(Current(scope, self._installation.hub, database.modules(work, self._workspace), work)):
                what()
            if commit:
                work.commit()


def test_a_read_says_who_read_what_of_whom_when_and_why(server: Api, ana: Person, studio: str, readers: Callable[[Person], Reader]) -> None:
    client, record = new_id(), new_id()
    readers(ana).does(lambda: ctx.record_read("clients_health", record, client_id=client, purpose="care"))
    [read] = _reads(server, ana)
    assert {name: read[name] for name in ("actor_id", "actor", "reader", "table", "record_id", "client_id", "purpose", "request_id")} == {
        "actor_id": ana.id, "actor": "Owner", "reader": "Ana Souza", "table": "clients_health", "record_id": str(record),
        "client_id": str(client), "purpose": "care", "request_id": "a request",
    }  # fmt: skip
    entry = server.get("/api/v1/audit?action=read", who=ana).json["items"][0]
    assert (entry["id"], entry["at"]) == (read["id"], read["at"])


def test_a_read_whose_transaction_was_given_up_is_not_recorded(server: Api, ana: Person, studio: str, readers: Callable[[Person], Reader]) -> None:
    readers(ana).does(lambda: ctx.record_read("clients_health", new_id()), commit=False)
    assert _reads(server, ana) == []


def test_a_cliente_is_shown_who_read_theirs_and_nothing_else(
    server: Api, settings: Settings, ana: Person, studio: str, readers: Callable[[Person], Reader]
) -> None:
    mine, other = (server.post("/api/v1/clients", json={"full_name": name}, who=ana).json["id"] for name in ("Rita", "Rui"))
    rita = server.signup("Rita")
    add_member(settings, studio, rita, "Cliente", mine)
    readers(ana).does(lambda: [ctx.record_read("clients_health", id, client_id=UUID(id)) for id in (mine, other)])
    readers(rita).does(lambda: ctx.record_read("clients_health", mine, client_id=UUID(mine)))
    assert [(read["reader"], read["client_id"]) for read in _reads(server, rita)] == [("Rita", mine), ("Ana Souza", mine)]
    assert _reads(server, rita, f"?client_id={other}") == []
    assert len(_reads(server, ana, f"?client_id={mine}")) == 2
    assert len(_reads(server, ana)) == 3


def test_each_filter_finds_its_reads_and_no_others(server: Api, ana: Person, studio: str, readers: Callable[[Person], Reader]) -> None:
    first, second = new_id(), new_id()
    readers(ana).does(lambda: [ctx.record_read("forms_answers", first), ctx.record_read("clients_health", second, client_id=second)])
    both = _reads(server, ana)
    assert [r["table"] for r in both] == ["clients_health", "forms_answers"]
    expected: list[tuple[str, list[Any]]] = [
        ("table=forms_answers", both[1:]),
        (f"record_id={second}", both[:1]),
        (f"client_id={second}", both[:1]),
        (f"actor_id={ana.id}", both),
        (f"actor_id={first}", []),
        ("from=2020-01-01T00:00:00Z", both),
        ("to=2020-01-01T00:00:00Z", []),
    ]
    for query, left in expected:
        assert _reads(server, ana, f"?{query}") == left, query
    assert server.get("/api/v1/audit/reads?client_id=1", who=ana).json["errors"][0]["pointer"] == "?client_id"


@pytest.mark.parametrize("column", ["actor_id", "actor", "action", "at", "request_id", "before"])
def test_the_app_role_records_reads_in_the_name_of_whoever_acts_and_nothing_else(settings: Settings, studio: str, column: str) -> None:
    with psycopg.connect(settings.database_url or "") as connection:
        connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.client_id', '', true)", (studio,))
        connection.execute("insert into audit_logs (workspace_id, table_name, record_id) values (%s, 't', 'r')", (studio,))
        copied = f"workspace_id, 't', 'r', {column} from audit_logs"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"insert into audit_logs (workspace_id, table_name, record_id, {column}) select {copied}".encode())


def test_nobody_records_a_read_in_another_workspace(server: Api, settings: Settings, studio: str) -> None:
    elsewhere = server.workspace(server.signup())
    with psycopg.connect(settings.database_url or "") as connection:
        connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.client_id', '', true)", (studio,))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into audit_logs (workspace_id, table_name, record_id) values (%s, 't', 'r')", (elsewhere,))
    with owner_of(settings) as connection:
        assert connection.execute("select count(*) from audit_logs where workspace_id = %s and action = 'read'", (elsewhere,)).fetchone() == (0,)


def _reads(server: Api, who: Person, query: str = "") -> list[Any]:
    reply = server.get(f"/api/v1/audit/reads{query}", who=who)
    assert reply.status == 200, reply.body
    found: list[Any] = reply.json["items"]
    return found


@pytest.fixture
def readers(installation: Installation, studio: str) -> Callable[[Person], Reader]:
    return lambda person: Reader(installation, person, studio)


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Any:
    made = install(settings)
    yield made
    made.container.app_pool().close()
    made.container.auth_pool().close()


@pytest.fixture
def ana(server: Api) -> Person:
    return server.signup("Ana Souza")


@pytest.fixture
def studio(server: Api, ana: Person) -> str:
    return server.workspace(ana)
