"""A collaborator limited to their own clients: the database shows and takes nothing about others, in every plugin's tables."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from adapters.postgres.lint import lint
from tests.security.seeded import complaints, inside, planted
from tests.security.studios import Studios
from tests.servers import Person

_FREE = (
    "create table clients_memo (workspace_id uuid not null, id uuid not null, client_id uuid, primary key (workspace_id, id));"
    " alter table clients_memo owner to fitpro_owner"
)


@dataclass(frozen=True)
class Limited:
    """A limited collaborator, with one client of theirs and two of others."""

    studios: Studios
    workspace: str
    who: Person
    mine: str
    others: list[str]

    def get(self, path: str) -> tuple[int, dict[str, object]]:
        reply = self.studios.api.get(path, who=self.who, workspace=self.workspace)
        return reply.status, reply.json


@pytest.fixture(scope="module")
def limited(studios: Studios) -> Iterator[Limited]:
    a = studios["a"]
    who = a.people["Colaborador"]
    with studios.connect() as connection:
        connection.execute("update user_roles set client_scope = 'own' where workspace_id = %s and user_id = %s", (a.id, who.id))
        connection.execute("update clients set assigned_to = %s where workspace_id = %s and id = %s", (who.id, a.id, a.clients[0]))
    yield Limited(studios, a.id, who, a.clients[0], a.clients[1:])
    with studios.connect() as connection:
        connection.execute("update user_roles set client_scope = 'all' where workspace_id = %s and user_id = %s", (a.id, who.id))


def test_they_list_find_and_read_their_own_clients_only(limited: Limited) -> None:
    for query in ("", "?sort=full_name", "?q=bia", f"?assigned_to={limited.who.id}"):
        _, listed = limited.get(f"/api/v1/clients{query}")
        assert [client["id"] for client in listed["items"]] == [limited.mine], query  # type: ignore[attr-defined]
    assert limited.get(f"/api/v1/clients/{limited.mine}")[0] == 200
    assert [limited.get(f"/api/v1/clients/{other}")[0] for other in limited.others] == [404, 404]
    owner = limited.studios["a"].people["Owner"]
    assert len(limited.studios.api.get("/api/v1/clients", who=owner, workspace=limited.workspace).json["items"]) >= 3


def test_they_change_their_own_clients_only_and_give_none_away(limited: Limited) -> None:
    api, asked = limited.studios.api, {"who": limited.who, "workspace": limited.workspace}
    assert api.patch(f"/api/v1/clients/{limited.mine}", json={"notes": "seen today"}, **asked).status == 200
    for other in limited.others:
        assert api.patch(f"/api/v1/clients/{other}", json={"notes": "x"}, **asked).status == 404
        assert api.delete(f"/api/v1/clients/{other}", **asked).status == 404
    given = api.patch(f"/api/v1/clients/{limited.mine}", json={"assigned_to": None}, **asked)
    assert (given.status, given.json["code"], given.json["errors"][0]["pointer"]) == (422, "own_clients_only", "/assigned_to")


def test_they_add_clients_for_themselves_and_are_told_so_otherwise(limited: Limited) -> None:
    api, asked = limited.studios.api, {"who": limited.who, "workspace": limited.workspace}
    refused = api.post("/api/v1/clients", json={"full_name": "Eva Prado"}, **asked)
    assert (refused.status, refused.json["code"], refused.json["errors"][0]["pointer"]) == (422, "own_clients_only", "/assigned_to")
    made = api.post("/api/v1/clients", json={"full_name": "Eva Prado", "assigned_to": limited.who.id}, **asked)
    assert made.status == 201
    assert limited.get(f"/api/v1/clients/{made.json['id']}")[0] == 200
    assert [each["id"] for each in limited.get("/api/v1/clients?q=prado")[1]["items"]] == [made.json["id"]]  # type: ignore[attr-defined]
    assert api.delete(f"/api/v1/clients/{made.json['id']}", **asked).status == 204


def as_limited(limited: Limited) -> psycopg.Connection[tuple[object, ...]]:
    """The app role's connection after the gate let the limited collaborator in."""
    with psycopg.connect(limited.studios.superuser) as connection:
        session = connection.execute("select id from sessions where user_id = %s limit 1", (limited.who.id,)).fetchone()
    assert session is not None
    connection = psycopg.connect(limited.studios.settings.database_url or "")
    connection.execute("select app.enter(%s, %s, %s, '', '{Colaborador}', '')", (limited.workspace, limited.who.id, session[0]))
    return connection


def test_any_table_with_a_client_obeys_a_third_partys_too(limited: Limited) -> None:
    with planted(
        limited.studios.superuser,
        f"{_FREE}; set role fitpro_owner; select app.protect('clients_memo'); reset role",
        "drop table clients_memo",
    ):
        with psycopg.connect(limited.studios.superuser) as connection:
            connection.execute("set session_replication_role = replica")
            for client in (limited.mine, *limited.others, None):
                connection.execute("insert into clients_memo values (%s, gen_random_uuid(), %s)", (limited.workspace, client))
        with as_limited(limited) as connection:
            seen = connection.execute("select client_id::text from clients_memo").fetchall()
            assert {row[0] for row in seen} == {limited.mine, None}
            connection.execute("insert into clients_memo values (%s, %s, %s)", (limited.workspace, uuid.uuid4(), limited.mine))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("insert into clients_memo values (%s, %s, %s)", (limited.workspace, uuid.uuid4(), limited.others[0]))


def test_a_table_that_would_show_them_every_client_cannot_be_migrated_in(studios: Studios) -> None:
    dsn = studios.superuser
    for fault in (
        "drop policy scope on clients_term",
        "alter policy scope on clients_term using (true) with check (true)",
        "alter policy scope on clients_term using ((select app.own() is null) or true) with check ((select app.own() is null) or true)",
        "drop policy scope on clients_term;"
        " create policy scope on clients_term to fitpro_app using ((select app.own() is null) or client_id is null)",
    ):
        assert any("limited collaborator" in each for each in complaints(dsn, fault)), fault
    with inside(dsn) as connection:
        assert lint(connection) == []


_OWN = "(select app.own() is null) or assigned_to = (select app.own())"


@pytest.mark.parametrize(
    ("fault", "repair"),
    [
        ("alter policy scope on clients using (true)", f"alter policy scope on clients using ({_OWN})"),
        ("drop policy scope on clients", "select app.limit_to_own('clients', 'assigned_to = (select app.own())')"),
    ],
)
def test_a_register_that_shows_them_everybody_is_caught(limited: Limited, fault: str, repair: str) -> None:
    with planted(limited.studios.superuser, fault, repair), pytest.raises(AssertionError):
        test_they_list_find_and_read_their_own_clients_only(limited)
