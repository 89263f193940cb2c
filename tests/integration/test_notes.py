"""Notes and exclusions: who reads which, what an edit leaves behind, what is expected of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from plugins.sdk import ctx
from tests.servers import Api, Person, Reply, add_member, owner_of


@dataclass
class Desk:
    """A studio with a client who signs in, and one who does not."""

    api: Api
    people: dict[str, Person]
    workspace: str
    client: str
    other: str

    def ask(self, who: str, method: str, path: str, *, client: str | None = None, **options: Any) -> Reply:
        url = f"/api/v1/clients/{client or self.client}/{path}"
        return self.api.request(method, url, who=self.people[who], workspace=self.workspace, **options)

    def note(self, body: str, who: str = "Colaborador", **more: Any) -> str:
        made = self.ask(who, "POST", "notes", json={"body": body, **more})
        assert made.status == 201, made.body
        return str(made.json["id"])

    def bodies(self, who: str, query: str = "") -> list[str]:
        return [each["body"] for each in self.ask(who, "GET", f"notes{query}").json["items"]]


def test_a_cliente_reads_shared_notes_and_no_others(desk: Desk) -> None:
    private, shared = desk.note("between us"), desk.note("for you", visibility="shared")
    assert desk.bodies("Owner") == ["for you", "between us"]
    assert desk.bodies("Cliente") == ["for you"]
    assert desk.bodies("Cliente", "?visibility=private") == []
    assert desk.ask("Cliente", "GET", f"notes/{shared}").status == 200
    assert desk.ask("Cliente", "GET", f"notes/{private}").status == 404
    assert desk.ask("Owner", "PATCH", f"notes/{shared}", json={"visibility": "private"}).status == 200
    assert desk.ask("Cliente", "GET", f"notes/{shared}").status == 404
    for method, options in (("POST", {"json": {"body": "me"}}), ("PATCH", {"json": {"body": "me"}}), ("DELETE", {})):
        path = "notes" if method == "POST" else f"notes/{shared}"
        assert desk.ask("Cliente", method, path, **options).status == 403


def test_the_database_hides_private_notes_even_from_a_query_that_forgets_to(desk: Desk, settings: Settings) -> None:
    private, shared = desk.note("between us"), desk.note("for you", visibility="shared")
    with psycopg.connect(settings.database_url or "") as connection:
        connection.execute("select set_config('app.workspace_id', %s, true), set_config('app.client_id', %s, true)", (desk.workspace, desk.client))
        seen = [str(row[0]) for row in connection.execute("select id from clients_notes").fetchall()]
    assert seen == [shared]
    assert private not in seen


def test_pinned_notes_come_first_and_pages_go_on_after_them(desk: Desk) -> None:
    for n in range(5):
        desk.note(f"n{n}", pinned=n in (1, 3))
    found, cursor = [], ""
    while True:
        page = desk.ask("Owner", "GET", f"notes?limit=2{cursor}").json
        found += [each["body"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == ["n3", "n1", "n4", "n2", "n0"]


def test_an_edited_note_keeps_its_author_and_its_past_in_the_audit_log(desk: Desk) -> None:
    id = desk.note("at first", visibility="shared")
    read = desk.ask("Owner", "GET", f"notes/{id}")
    edited = desk.ask("Owner", "PUT", f"notes/{id}", json={"body": "better", "visibility": "shared"}, headers={"If-Match": read.headers["ETag"]})
    assert (edited.status, edited.json["author_id"], edited.json["version"]) == (200, desk.people["Colaborador"].id, 2)
    assert desk.ask("Owner", "PUT", f"notes/{id}", json={"body": "late"}, headers={"If-Match": read.headers["ETag"]}).status == 412
    assert desk.ask("Owner", "PUT", f"notes/{id}", json={"body": "late"}).status == 428
    assert desk.ask("Owner", "DELETE", f"notes/{id}").status == 204
    assert desk.ask("Owner", "GET", f"notes/{id}").status == 404
    assert desk.ask("Owner", "DELETE", f"notes/{id}").status == 404
    entries = desk.api.get(f"/api/v1/audit?table=clients_notes&record_id={id}", who=desk.people["Owner"], workspace=desk.workspace).json["items"]
    assert [entry["action"] for entry in entries] == ["update", "update", "insert"]
    assert (entries[1]["before"]["body"], entries[1]["after"]["body"], entries[2]["after"]["body"]) == ("at first", "better", "at first")


@pytest.mark.parametrize(
    ("author", "visibility", "may"),
    [
        ("Colaborador", "private", {"Colaborador"}), ("Colaborador", "shared", {"Colaborador", "Owner"}),
        ("Owner", "private", {"Owner"}), ("Owner", "shared", {"Owner"}),
    ],
)  # fmt: skip
def test_a_note_is_its_authors_and_a_shared_one_an_owners_too(desk: Desk, author: str, visibility: str, may: set[str]) -> None:
    for who in ("Colaborador", "Owner", "Other"):
        path = f"notes/{desk.note('mine', author, visibility=visibility)}"
        before = desk.ask(who, "GET", path)
        assert before.status == 200
        told = {"id": desk.people[author].id, "full_name": {"Owner": "Olga", "Colaborador": "Sam"}[author]}
        for method, options in (
            ("PATCH", {"json": {"pinned": True}}),
            ("PUT", {"json": {"body": "x", "visibility": visibility}, "headers": {"If-Match": "*"}}),
            ("DELETE", {}),
        ):
            reply = desk.ask(who, method, path, **options)
            if who in may:
                assert reply.status in (200, 204), (who, method)
            else:
                assert (reply.status, reply.json["code"], reply.json["author"]) == (403, "not_your_note", told), (who, method)
                assert desk.ask(who, "GET", path).body == before.body


def test_one_who_may_not_is_told_so_also_with_an_old_version_and_an_author_who_may_is_told_of_it(desk: Desk) -> None:
    path = f"notes/{desk.note('mine')}"
    stale = {"If-Match": '"9-clients.note"'}
    assert desk.ask("Owner", "PATCH", path, json={"pinned": True}, headers=stale).json["code"] == "not_your_note"
    assert desk.ask("Colaborador", "PATCH", path, json={"pinned": True}, headers=stale).status == 412
    assert desk.ask("Colaborador", "PATCH", path, json={"visibility": "shared"}).status == 200
    assert desk.ask("Owner", "PATCH", path, json={"visibility": "private"}).status == 200
    assert desk.ask("Owner", "PATCH", path, json={"visibility": "shared"}).status == 403
    assert desk.ask("Colaborador", "DELETE", path).status == 204


def test_an_owner_looks_after_the_private_notes_of_who_left(desk: Desk, settings: Settings) -> None:
    path = f"notes/{desk.note('between us')}"
    assert desk.ask("Owner", "PATCH", path, json={"pinned": True}).status == 403
    with owner_of(settings) as connection:
        connection.execute(
            "update user_roles set ended_at = now() where workspace_id = %s and user_id = %s", (desk.workspace, desk.people["Colaborador"].id)
        )
    assert desk.ask("Other", "PATCH", path, json={"pinned": True}).json["code"] == "not_your_note"
    kept = desk.ask("Owner", "PATCH", path, json={"pinned": True})
    assert (kept.status, kept.json["author_id"]) == (200, desk.people["Colaborador"].id)
    assert desk.ask("Owner", "DELETE", path).status == 204


def test_a_note_of_another_client_is_not_here(desk: Desk) -> None:
    id = desk.note("about one")
    for method, options in (("GET", {}), ("PATCH", {"json": {"body": "x"}}), ("DELETE", {})):
        assert desk.ask("Owner", method, f"notes/{id}", client=desk.other, **options).status == 404
    assert desk.ask("Owner", "GET", "notes", client=desk.workspace).status == 404
    assert desk.ask("Cliente", "GET", "notes", client=desk.other).status == 404


SICK = {"kind": "sick", "starts_on": "2026-03-10", "ends_on": "2026-03-12", "reason": "flu ñ", "expected_adherence": 20}


def test_an_exclusion_reads_back_and_its_client_sees_it(desk: Desk) -> None:
    made = desk.ask("Owner", "POST", "exclusions", json=SICK)
    assert made.status == 201, made.body
    path = f"exclusions/{made.json['id']}"
    assert {name: made.json[name] for name in SICK} == SICK
    assert {name: desk.ask("Cliente", "GET", path).json[name] for name in SICK} == SICK
    assert desk.ask("Cliente", "DELETE", path).status == 403
    changed = desk.ask("Owner", "PUT", path, json={**SICK, "reason": None, "ends_on": None}, headers={"If-Match": made.headers["ETag"]})
    assert (changed.status, changed.json["reason"], changed.json["version"]) == (200, None, 2)
    assert desk.ask("Owner", "PUT", path, json=SICK, headers={"If-Match": made.headers["ETag"]}).status == 412
    assert desk.ask("Owner", "DELETE", path).status == 204
    assert desk.ask("Owner", "GET", path).status == 404
    assert desk.ask("Owner", "GET", "exclusions").json["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ends_on": "2026-03-09"}, "/ends_on"), ({"expected_adherence": 101}, "/expected_adherence"),
        ({"kind": "lazy"}, "/kind"), ({"starts_on": None}, "/starts_on"),
    ],
)  # fmt: skip
def test_an_impossible_exclusion_says_where(desk: Desk, change: dict[str, Any], pointer: str) -> None:
    refused = desk.ask("Owner", "POST", "exclusions", json={**SICK, **change})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, pointer)
    assert desk.ask("Owner", "GET", "exclusions").json["items"] == []


def test_the_list_finds_those_that_cover_a_day(desk: Desk) -> None:
    for starts, ends in (("2026-03-01", "2026-03-05"), ("2026-03-04", None), ("2026-04-01", "2026-04-02")):
        assert desk.ask("Owner", "POST", "exclusions", json={**SICK, "starts_on": starts, "ends_on": ends}).status == 201
    days = {}
    for day in ("2026-02-28", "2026-03-05", "2026-04-03"):
        days[day] = [each["starts_on"] for each in desk.ask("Owner", "GET", f"exclusions?on={day}").json["items"]]
    assert days == {"2026-02-28": [], "2026-03-05": ["2026-03-04", "2026-03-01"], "2026-04-03": ["2026-03-04"]}


def test_a_reason_is_sealed_and_so_is_the_reply_kept_for_the_key(desk: Desk, settings: Settings) -> None:
    key = {"Idempotency-Key": "once"}
    first = desk.ask("Owner", "POST", "exclusions", json={**SICK, "reason": "zq-torn-ligament"}, headers=key)
    again = desk.ask("Owner", "POST", "exclusions", json={**SICK, "reason": "zq-torn-ligament"}, headers=key)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    with owner_of(settings) as connection:
        rows = connection.execute("select reason from clients_exclusion where id = %s", (UUID(first.json["id"]),)).fetchall()
    assert [row[0].startswith("e1.") for row in rows] == [True]
    entry = desk.api.get(f"/api/v1/audit?record_id={first.json['id']}", who=desk.people["Owner"], workspace=desk.workspace).json["items"][0]
    assert (entry["after"]["reason"], entry["after"]["kind"]) == ("***", "***")


def test_other_plugins_may_ask_how_much_is_expected(gateway: Gateway, desk: Desk) -> None:
    """`clients_expected_adherence`: of several exclusions at once the least counts."""
    for percent, ends in ((50, "2026-03-20"), (20, "2026-03-12")):
        desk.ask("Owner", "POST", "exclusions", json={**SICK, "expected_adherence": percent, "ends_on": ends})
    asked = [asking(gateway, desk, day) for day in (date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 13), date(2026, 3, 21))]
    assert asked == [100, 20, 50, 100]


def asking(gateway: Gateway, desk: Desk, day: date) -> Any:
    """As a plugin of the same installation does, for a job of this workspace."""
    platform = gateway.runner.platform
    scope = Scope(Kind.JOB, "a job", UUID(desk.workspace), module="clients")
    database = platform.databases["app"]
    with database.open(scope) as work, serving(Current(scope, platform.dispatcher, database.modules(work, scope.workspace_id), work)):
        return ctx.command("clients_expected_adherence", client_id=UUID(desk.client), day=day)


@pytest.fixture
def desk(local: Api, settings: Settings) -> Desk:
    people = {name: local.signup(called) for name, called in {"Owner": "Olga", "Colaborador": "Sam", "Cliente": "Clara", "Other": "Oscar"}.items()}
    workspace = local.workspace(people["Owner"], "Desk")
    made = [
        local.post("/api/v1/clients", json={"full_name": name}, who=people["Owner"], workspace=workspace).json["id"] for name in ("Clara", "Dora")
    ]
    for staff in ("Colaborador", "Other"):
        add_member(settings, workspace, people[staff], "Colaborador")
    add_member(settings, workspace, people["Cliente"], "Cliente", made[0])
    desk = Desk(local, people, workspace, *made)
    assert desk.ask("Cliente", "POST", "consents", json={}).status == 201  # for exclusions that tell health
    return desk
