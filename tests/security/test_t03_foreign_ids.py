"""T3: an id of another workspace is answered word for word like one that does not exist."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from adapters.http.gateway import Gateway
from adapters.postgres.statements import Statement
from plugins.clients.models.register import clients
from plugins.clients.repository import register as repository
from plugins.sdk import sa, statement
from tests.security.documents import Operation, operations
from tests.security.letters import stored
from tests.security.oracle import tenant_tables
from tests.security.seeded import planted
from tests.security.studios import Studio, Studios
from tests.security.test_t01_isolation import RESTORE_TENANT, everywhere
from tests.security.wandering import KINDS

FOREIGN_KEYS = """
select c.conrelid::regclass::text, a.attname::text from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
 where c.contype = 'f' and c.conrelid::regclass::text = any (%s) and c.confrelid::regclass::text = any (%s) and a.attname <> 'workspace_id'
"""
NOT_OVER_HTTP = {
    ("outbox_deliveries", "event_id"), ("clients_consent", "recorded_by"), ("clients_notes", "author_id"),
    ("clients_import", "created_by"), ("clients_import_file", "import_id"), ("clients_imported", "import_id"),
    ("clients", "merged_into"),
    ("workspaces_invitation", "invited_by"),
    ("api_key_uses", "key_id"),
    ("bookings", "series_id"), ("bookings_external_busy", "calendar_id"), ("bookings_participant", "booking_id"),
    ("bookings_handed", "booking_id"), ("bookings_reminded", "booking_id"),
    ("bookings_queue_entry", "booking_id"), ("bookings_queue_entry", "place_id"), ("bookings_queue_place", "booking_id"),
    ("bookings_time", "booking_id"),
}  # fmt: skip
"""Reviewed: foreign keys that no request can name; the product fills them itself."""
NAMED = KINDS | {"ids": "clients.id", "client_ids": "clients.id", "organizer_ids": "user_roles.user_id", "room_ids": "bookings_room.id"}
MEANT = {("client_id", "role"): {"role": "Cliente"}, ("assigned_to", "action"): {"action": "assign", "tags": []}}
"""What else a body says when it names this: nothing else reads the id."""


class Twins:
    """Sends the same request twice: once with what another workspace has, once with what nobody has."""

    def __init__(self, studios: Studios) -> None:
        self.studios, self.a, self.b = studios, studios["a"], studios["b"]
        self.ways = operations(studios.api.get("/api/v1/openapi.json").json)
        self.own, self.foreign = self._rows(self.a), self._rows(self.b)

    def _rows(self, studio: Studio) -> dict[str, str]:
        """A value of every kind that the studio has."""
        found = {
            "clients.id": studio.clients[1],
            "user_roles.user_id": studio.people["Colaborador"].id,
            "workspaces.id": studio.id,
            "workspaces_invitation.id": studio.invitation,
            "files.id": stored(self.studios.settings, studio),
        }
        with self.studios.connect() as connection:
            for kind in set(KINDS.values()) - set(found):
                table, _, column = kind.partition(".")
                owner, whose = ("user_id", studio.people["Colaborador"].id) if table == "sessions" else ("workspace_id", studio.id)
                row = connection.execute(
                    f"select {column} from {table} where {owner} = %s order by {column} desc limit 1".encode(), (whose,)
                ).fetchone()
                assert row is not None, kind
                found[kind] = str(row[0])
        return found

    def differences(self, way: Operation, place: str, name: str, role: str) -> list[str]:
        """How the two answers differ. place: path, body, query or header."""
        foreign = self.foreign[NAMED[name]]
        nobody = str(int(foreign) + 10**9) if foreign.isdigit() else str(uuid.uuid4())
        answers = []
        for given in (foreign, nobody):
            self.studios.repair("a")
            answers.append(self._ask(way, place, name, given, role))
        (status, theirs), (twin, nobodys) = answers
        each_on_its_own = way.path.endswith("/bulk")  # one result per record: 200, whatever became of them
        if (status, theirs) == (twin, nobodys) and (status >= 400 or place == "query" or each_on_its_own):
            return []
        return [f"{role} {way.method} {way.path} {place} {name}: {status} {theirs[:200]} against {twin} {nobodys[:200]}"]

    def _ask(self, way: Operation, place: str, name: str, given: str, role: str) -> tuple[int, str]:
        path = way.path
        for parameter in way.parameters:
            if parameter["in"] == "path":
                mine = given if (place, parameter["name"]) == ("path", name) else self.own.get(KINDS.get(parameter["name"], ""), "clients")
                path = path.replace("{" + parameter["name"] + "}", mine)
        body: dict[str, Any] | None = None
        if way.body is not None:
            body = dict(way.example) | ({"ids": [self.own["clients.id"]]} if "ids" in way.example else {})
            if place == "body":
                body |= {name: [given] if name.endswith("ids") else given, **MEANT.get((name, next(iter(set(body) & {"role", "action"}), "")), {})}
        query = f"?{name}={given}" if place == "query" else ""
        workspace = given if place == "header" else None if (place, name) == ("path", "workspace_id") else self.a.id
        headers = {"If-Match": "*"} if way.method == "PUT" else {}
        raw = None
        if way.upload is not None:
            raw, headers["Content-Type"] = way.upload[1], way.upload[0]
        reply = self.studios.api.request(way.method, path + query, json=body, raw=raw, who=self.a.people[role], workspace=workspace, headers=headers)
        return reply.status, reply.body.decode().replace(reply.headers["X-Request-Id"], "").replace(given, "")

    def places(self) -> list[tuple[Operation, str, str]]:
        """Every place of every operation that names a row."""
        found = [(way, p["in"], p["name"]) for way in self.ways for p in way.parameters if p["in"] in ("path", "query") and p["name"] in KINDS]
        found += [
            (way, "header", "workspace_id")
            for way in self.ways
            if any(p["name"] == "X-Workspace-Id" for p in way.parameters) and "{workspace_id}" not in way.path
        ]
        return found + [(way, "body", name) for way in self.ways for name in (way.body or {}).get("properties", {}) if name in NAMED]


def unnamed(ways: list[Operation]) -> set[tuple[str, str, str]]:
    """Ids an operation takes of which this test does not know what they name."""
    found = {(way.id, p["in"], p["name"]) for way in ways for p in way.parameters if p["schema"].get("format") == "uuid" and p["in"] != "header"}
    found |= {
        (way.id, "body", name) for way in ways for name, schema in (way.body or {}).get("properties", {}).items() if schema.get("format") == "uuid"
    }
    return {place for place in found if place[2] not in KINDS}


def test_t3_a_foreign_id_and_an_unknown_one_get_the_same_answer_everywhere(studios: Studios) -> None:
    twins = Twins(studios)
    places = twins.places()
    found = [
        each for way, place, name in places for role in ("Owner", "Colaborador", "Cliente") for each in twins.differences(way, place, name, role)
    ]
    print(f"T3: {len(places)} places with 3 roles, {len(found)} differences")
    assert found == []
    assert len(places) >= 25
    assert unnamed(twins.ways) == set()


def test_t3_every_foreign_key_between_tenant_tables_is_reached_or_reviewed(studios: Studios) -> None:
    twins = Twins(studios)
    with studios.connect() as connection:
        tables = tenant_tables(connection)
        keys = set(connection.execute(FOREIGN_KEYS, (tables, tables)).fetchall())
    named = {name for _, place, name in twins.places() if place == "body"}
    assert {key for key in keys if key[1] not in named} == NOT_OVER_HTTP


# The seeded faults -----------------------------------------------------------------------------------------------------------------------

_ONE_COLUMN = """
alter table clients drop constraint fk_clients_assigned_to;
alter table clients add constraint fk_clients_assigned_to foreign key (assigned_to) references users (id)
"""
_BOTH_COLUMNS = """
update clients set assigned_to = null;
alter table clients drop constraint fk_clients_assigned_to;
alter table clients add constraint fk_clients_assigned_to foreign key (workspace_id, assigned_to)
  references user_roles (workspace_id, user_id) on delete restrict
"""


def test_t3_a_single_column_key_is_caught(studios: Studios, monkeypatch: pytest.MonkeyPatch) -> None:
    as_given: Statement = statement(
        sa.insert(clients).values({column.name: sa.bindparam(column.name) for column in clients.c if column.name != "merged_into"})
    )
    monkeypatch.setattr(repository, "ADD", as_given)
    twins = Twins(studios)
    adding = [place for place in twins.places() if place[0].id == "clients_create_clients" and place[1] == "body"]
    with planted(studios.superuser, _ONE_COLUMN, _BOTH_COLUMNS):
        assert [each for place in adding for each in twins.differences(*place, "Owner")] != []


def test_t3_a_row_of_another_workspace_that_can_be_read_is_caught(studios: Studios, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "GET", everywhere(repository.GET))
    twins = Twins(studios)
    reading = next(place for place in twins.places() if place[0].id == "clients_get_client")
    assert twins.differences(*reading, "Owner") == []
    with planted(studios.superuser, "alter policy tenant on clients using (true) with check (true)", RESTORE_TENANT):
        assert twins.differences(*reading, "Owner") != []
