"""Work on many clients over HTTP: exports, merges, bulk changes, timelines, saved searches."""

from __future__ import annotations

import itertools
import uuid
from typing import Any, cast

import pytest

from adapters.http.gateway import Gateway
from config.settings import Settings
from kernel.dispatch import Hub
from kernel.errors import Refused
from kernel.manifest import Listener
from kernel.registry import Subscription
from plugins.sdk import ctx, sql
from tests.servers import Api, Person, Reply, add_member, owner_of
from tests.spreadsheets import active, csv_cells, xlsx_cells


class Studio:
    """A workspace and its owner."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self.api, self.settings = api, settings
        self.owner: Person = api.signup()
        self.id = api.workspace(self.owner)

    def call(self, method: str, path: str = "", json: Any = None, who: Person | None = None, **options: Any) -> Reply:
        return self.api.request(method, f"/api/v1/clients{path}", json=json, who=who or self.owner, workspace=self.id, **options)

    def add(self, **body: Any) -> str:
        reply = self.call("POST", "?allow_duplicate=true", body)
        assert reply.status == 201, reply.body
        return str(reply.json["id"])

    def read(self, client: str) -> Any:
        return self.call("GET", f"/{client}").json

    def sql(self, text: str, *values: Any) -> list[Any]:
        with owner_of(self.settings) as connection:
            answer = connection.execute(text.encode(), values)
            return answer.fetchall() if answer.description else []


@pytest.fixture
def studio(local: Api, settings: Settings) -> Studio:
    return Studio(local, settings)


def test_an_export_has_what_the_list_has_and_an_import_reads_it_back(studio: Studio, local: Api, settings: Settings) -> None:
    ana = studio.add(
        full_name="Ana Souza", email="ana@example.com", phone="+34 600 000 001", birth_date="1990-04-17", tags=["a;b", "vip"], notes="=x\n1"
    )
    studio.add(full_name="Bo", status="inactive", assigned_to=studio.owner.id)
    rows = csv_cells(studio.call("GET", "/export?sort=full_name&separator=semicolon").body, ";")
    assert [dict(zip(rows[0], row, strict=True))["full_name"] for row in rows[1:]] == ["Ana Souza", "Bo"]
    shown = dict(zip(rows[0], rows[1], strict=True))
    assert (shown["id"], shown["phone"], shown["notes"], shown["tags"], shown["assigned_to"]) == (ana, "'+34600000001", "'=x\n1", '"a;b"; vip', "")
    assert rows[2][rows[0].index("assigned_to")] == studio.owner.email
    assert [row[1] for row in csv_cells(studio.call("GET", "/export?tag=VIP").body)[1:]] == ["Ana Souza"]
    book = studio.call("GET", "/export?format=xlsx&status=inactive")
    assert [row[1] for row in xlsx_cells(book.body)] == ["full_name", "Bo"]
    assert book.headers["Content-Disposition"] == 'attachment; filename="clients.xlsx"'
    other = Studio(local, settings)
    sent = {"Content-Type": "text/csv"}
    told = other.call("POST", "/import?dry_run=true", raw=studio.call("GET", "/export?q=ana").body, headers=sent).json
    assert [told[name] for name in ("added", "invalid")] == [1, 0]
    assert told["file"]["ignored_columns"] == []


def test_an_export_is_recorded_and_not_for_clientes(studio: Studio) -> None:
    cliente = studio.api.signup()
    add_member(studio.settings, studio.id, cliente, "Cliente", studio.add(full_name="Ana"))
    assert studio.call("GET", "/export", who=cliente).status == 403
    assert studio.call("GET", "/export").status == 200
    assert studio.sql("select count(*) from audit_logs where workspace_id = %s and action = 'read' and record_id = 'export'", studio.id) == [(1,)]


def test_merging_moves_every_row_and_leaves_a_pointer(studio: Studio) -> None:
    kept, gone = studio.add(full_name="Ana", tags=["a"]), studio.add(full_name="Ana Souza", email="ana@example.com", tags=["b"], notes="Knee.")
    other = studio.add(full_name="Bo")
    login = studio.api.signup()
    add_member(studio.settings, studio.id, login, "Cliente", gone)
    assert studio.call("POST", f"/{gone}/consents", {"how": "on paper"}).status < 300
    assert studio.call("PUT", f"/{gone}/health", {"notes": "Asthma"}, headers={"If-Match": "*"}).status == 200
    reply = studio.call("POST", f"/{kept}/merge", {"from": gone, "fields": {"full_name": "from"}})
    assert reply.status == 200, reply.body
    assert (reply.json["full_name"], reply.json["email"], reply.json["tags"], reply.json["notes"]) == (
        "Ana Souza",
        "ana@example.com",
        ["a", "b"],
        "Knee.",
    )
    assert studio.read(gone)["status"] == "archived"
    assert studio.sql("select merged_into::text from clients where workspace_id = %s and id = %s", studio.id, gone) == [(kept,)]
    assert [each["id"] for each in studio.call("GET", "?q=souza").json["items"]] == [kept]
    assert studio.call("GET", who=login).json["items"][0]["id"] == kept
    assert studio.call("GET", f"/{kept}/health").json["notes"] == "Asthma"
    assert studio.sql("select client_id::text from clients_consent where workspace_id = %s", studio.id) == [(kept,)]
    assert [each["kind"] for each in studio.call("GET", f"/{kept}/timeline").json["items"]].count("clients.merged") == 1
    events = studio.sql(
        "select payload->>'client_id', payload->>'from_id' from outbox where workspace_id = %s and name = 'clients_merged'", studio.id
    )
    assert events == [(kept, gone)]
    assert studio.call("PATCH", f"/{gone}", {"status": "active"}).json["code"] == "already_merged"
    assert studio.call("POST", f"/{other}/merge", {"from": gone}).json["code"] == "already_merged"
    assert studio.call("GET", "/duplicates").json["items"] == []


def test_what_only_one_can_have_is_told_and_may_stay_behind(studio: Studio) -> None:
    kept, gone = studio.add(full_name="Ana"), studio.add(full_name="Ana Souza")
    for client in (kept, gone):
        add_member(studio.settings, studio.id, studio.api.signup(), "Cliente", client)
    refused = studio.call("POST", f"/{kept}/merge", {"from": gone})
    assert (refused.status, refused.json["code"]) == (409, "merge_conflict")
    assert refused.json["conflicts"] == [{"table": "user_roles", "rows": 1}]
    assert studio.read(gone)["status"] == "active"
    assert studio.call("POST", f"/{kept}/merge", {"from": gone, "leave_conflicts": True}).status == 200
    assert studio.sql("select count(*) from user_roles where workspace_id = %s and client_id = %s", studio.id, gone) == [(1,)]


def test_rows_of_a_plugin_that_is_off_or_gone_move_too(studio: Studio) -> None:
    kept, gone = studio.add(full_name="Ana"), studio.add(full_name="Bo")
    name = f"gone_{uuid.uuid4().hex[:8]}"
    studio.sql(
        f"create table {name} (workspace_id uuid not null, id uuid not null, whose uuid not null, slot int, primary key (workspace_id, id),"
        f" unique (workspace_id, whose, slot), foreign key (workspace_id, whose) references clients (workspace_id, id)); select app.protect('{name}')"
    )
    try:
        for client, slot in ((kept, 1), (gone, 1), (gone, 2), (gone, None)):
            studio.sql(f"insert into {name} values (%s, %s, %s, %s)", studio.id, uuid.uuid4(), client, slot)
        refused = studio.call("POST", f"/{kept}/merge", {"from": gone})
        assert refused.json["conflicts"] == [{"table": name, "rows": 1}]
        assert studio.call("POST", f"/{kept}/merge", {"from": gone, "leave_conflicts": True}).status == 200
        assert studio.sql(f"select slot from {name} where whose = %s order by slot", kept) == [(1,), (2,), (None,)]
        assert studio.sql(f"select slot from {name} where whose = %s", gone) == [(1,)]
    finally:
        studio.sql(f"drop table {name}")


@pytest.mark.parametrize("refusing", [False, True])
def test_a_plugin_may_combine_what_only_one_can_have_or_refuse(
    studio: Studio, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, refusing: bool
) -> None:
    forget = sql("delete from clients_health where workspace_id = $1 and client_id = $2", "workspace_id", "from_id")

    def clients_merging(client_id: uuid.UUID, from_id: uuid.UUID) -> None:
        if refusing:
            raise Refused("Not these two.")
        assert ctx.work.change(forget, from_id=from_id) == 1

    registry = cast("Hub", gateway.runner.platform.dispatcher).registry
    listening = (Subscription("workspaces", Listener("clients_merging", clients_merging, ("client_id", "from_id"))),)
    monkeypatch.setitem(registry.subscriptions, "clients_merging", listening)
    kept, gone = studio.add(full_name="Ana"), studio.add(full_name="Ana Souza")
    for client in (kept, gone):
        assert studio.call("POST", f"/{client}/consents", {"how": "on paper"}).status < 300
        assert studio.call("PUT", f"/{client}/health", {"notes": "Asthma"}, headers={"If-Match": "*"}).status == 200
    reply = studio.call("POST", f"/{kept}/merge", {"from": gone})
    assert (reply.status, studio.read(gone)["status"]) == ((409, "active") if refusing else (200, "archived"))


@pytest.mark.parametrize(("source", "status"), [("self", 422), ("foreign", 422), ("unknown", 422)])
def test_only_another_client_of_this_workspace_can_be_merged(studio: Studio, local: Api, settings: Settings, source: str, status: int) -> None:
    kept = studio.add(full_name="Ana")
    named = {"self": kept, "foreign": Studio(local, settings).add(full_name="Bo"), "unknown": str(uuid.uuid4())}[source]
    reply = studio.call("POST", f"/{kept}/merge", {"from": named})
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (status, "/from")


def test_a_bulk_change_has_a_result_for_each(studio: Studio) -> None:
    ids = [studio.add(full_name=f"Ana {n}", tags=["VIP"] if n == 0 else []) for n in range(3)]
    nobody = str(uuid.uuid4())
    reply = studio.call("POST", "/bulk", {"action": "tag", "ids": [*ids, nobody, ids[0]], "tags": ["vip"]}).json
    assert [(each["id"], each["status"]) for each in reply["results"]] == [
        (ids[0], "unchanged"), (ids[1], "changed"), (ids[2], "changed"), (nobody, "not_found"),
    ]  # fmt: skip
    assert reply["changed"] == 2
    assert {each["id"] for each in studio.call("GET", "?tag=vip").json["items"]} == set(ids)
    assert studio.call("POST", "/bulk", {"action": "untag", "ids": ids, "tags": ["Vip"]}).json["changed"] == 3
    assert studio.call("POST", "/bulk", {"action": "assign", "ids": ids, "assigned_to": studio.owner.id}).json["changed"] == 3
    assert studio.call("POST", "/bulk", {"action": "assign", "ids": ids, "assigned_to": nobody}).json["code"] == "invalid_reference"
    refused = studio.call("POST", "/bulk", {"action": "archive", "ids": [*ids, nobody], "all_or_nothing": True})
    assert (refused.status, refused.json["code"]) == (409, "bulk_refused")
    assert len(studio.call("GET", "?status=archived").json["items"]) == 0
    assert studio.call("POST", "/bulk", {"action": "stage", "ids": ids, "lifecycle_stage": "lead"}).json["changed"] == 3
    assert {each["id"] for each in studio.call("GET", "?lifecycle_stage=lead").json["items"]} == set(ids)
    assert studio.call("POST", "/bulk", {"action": "archive", "ids": ids}).json["changed"] == 3
    assert studio.call("POST", "/bulk", {"action": "archive", "ids": [str(uuid.uuid4()) for _ in range(501)]}).status == 422


def test_tags_that_would_be_too_many_are_refused_and_none_is_dropped(studio: Studio) -> None:
    full, free = studio.add(full_name="Ana", tags=[f"t{n}" for n in range(49)]), studio.add(full_name="Bo")
    reply = studio.call("POST", "/bulk", {"action": "tag", "ids": [full, free], "tags": ["a", "b"]}).json
    assert {each["id"]: each["status"] for each in reply["results"]} == {full: "refused", free: "changed"}
    assert len(studio.read(full)["tags"]) == 49
    assert studio.call("POST", "/bulk", {"action": "tag", "ids": [full], "tags": ["T0", "a"]}).json["changed"] == 1
    assert studio.call("POST", "/bulk", {"action": "tag", "ids": [full], "tags": ["t7"]}).json["results"][0]["status"] == "unchanged"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"action": "tag"}, {"/tags"}),
        ({"action": "tag", "tags": []}, {"/tags"}),
        ({"action": "tag", "tags": ["a", " "]}, {"/tags/1"}),
        ({"action": "assign"}, {"/assigned_to"}),
        ({"action": "stage", "tags": ["a"]}, {"/tags", "/lifecycle_stage"}),
        ({"action": "archive", "tags": ["a"], "assigned_to": None}, {"/tags", "/assigned_to"}),
    ],
)
def test_a_bulk_change_says_what_it_needs_and_what_it_does_not_use(studio: Studio, body: dict[str, Any], pointers: set[str]) -> None:
    refused = studio.call("POST", "/bulk", {**body, "ids": [str(uuid.uuid4())]})
    assert (refused.status, {fault["pointer"] for fault in refused.json["errors"]}) == (422, pointers)


def test_a_list_and_an_export_apply_a_saved_search(studio: Studio) -> None:
    bo = studio.add(full_name="Bo", tags=["vip"], assigned_to=studio.owner.id)
    ana = studio.add(full_name="Ana", tags=["vip"], assigned_to=studio.owner.id)
    studio.add(full_name="Cy", tags=["vip"])
    gone = studio.add(full_name="Di", tags=["vip"], assigned_to=studio.owner.id, status="inactive")
    query = {"tag": "vip", "assigned_to": studio.owner.id, "status": "active", "sort": "full_name"}
    kept = studio.call("POST", "/filters", {"name": "Mine", "query": query}).json["id"]
    assert [each["id"] for each in studio.call("GET", f"?filter={kept}").json["items"]] == [ana, bo]
    assert [each["id"] for each in studio.call("GET", f"?filter={kept}&sort=-full_name").json["items"]] == [bo, ana]
    assert [each["id"] for each in studio.call("GET", f"?filter={kept}&status=inactive").json["items"]] == [gone]
    first = studio.call("GET", f"?filter={kept}&limit=1").json
    assert [each["id"] for each in studio.call("GET", f"?filter={kept}&limit=1&cursor={first['next_cursor']}").json["items"]] == [bo]
    assert studio.call("GET", f"/export?filter={kept}").body.count(b"vip") == 2
    colleague = studio.api.signup()
    add_member(studio.settings, studio.id, colleague, "Colaborador")
    for who, filter_id in ((colleague, kept), (None, str(uuid.uuid4()))):
        refused = studio.call("GET", f"?filter={filter_id}", **({"who": who} if who else {}))
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "?filter")


def test_a_timeline_pages_through_everything_once(studio: Studio) -> None:
    client = studio.add(full_name="Ana")
    for n in range(3):
        assert studio.call("POST", f"/{client}/merge", {"from": studio.add(full_name=f"Ana {n}")}).status == 200
    studio.call("DELETE", f"/{client}")
    kinds, cursor = [], ""
    for _ in itertools.repeat(None, 10):
        page = studio.call("GET", f"/{client}/timeline?limit=2{cursor}").json
        kinds += [each["kind"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert kinds == ["clients.archived", *["clients.merged"] * 3, "clients.created"]
    assert studio.call("GET", f"/{uuid.uuid4()}/timeline").status == 404


def test_saved_searches_are_ones_own_or_shared(studio: Studio) -> None:
    colleague = studio.api.signup()
    add_member(studio.settings, studio.id, colleague, "Colaborador")
    body = {"name": "VIPs", "query": {"tag": "vip", "sort": "full_name"}}
    made = studio.call("POST", "/filters", body).json
    assert made["query"] == {"status": None, "lifecycle_stage": None, "tag": "vip", "assigned_to": None, "q": None, "sort": "full_name"}
    assert studio.call("POST", "/filters", body).json["code"] == "name_taken"
    assert studio.call("GET", "/filters", who=colleague).json["items"] == []
    assert studio.call("GET", f"/filters/{made['id']}", who=colleague).status == 404
    any_version = {"If-Match": "*"}
    assert studio.call("PUT", f"/filters/{made['id']}", {**body, "shared": True}, headers=any_version).json["shared"] is True
    seen = studio.call("GET", "/filters", who=colleague).json["items"]
    assert [(each["id"], each["mine"]) for each in seen] == [(made["id"], False)]
    assert studio.call("PUT", f"/filters/{made['id']}", body, who=colleague, headers=any_version).status == 404
    assert studio.call("DELETE", f"/filters/{made['id']}", who=colleague).status == 404
    assert studio.call("POST", "/filters", {**body, "query": {"tag": "vip", "limit": 5}}).status == 422
    assert studio.call("DELETE", f"/filters/{made['id']}").status == 204
    assert studio.call("GET", "/filters").json["items"] == []


def test_an_owner_clears_away_what_somebody_shared_who_has_left(studio: Studio) -> None:
    colleague = studio.api.signup()
    add_member(studio.settings, studio.id, colleague, "Colaborador")
    shared, own = (
        studio.call("POST", "/filters", {"name": name, "shared": name == "Ours", "query": {"tag": "vip"}}, who=colleague).json["id"]
        for name in ("Ours", "Mine")
    )
    assert studio.api.delete(f"/api/v1/users/{colleague.id}", who=studio.owner, workspace=studio.id).status == 204
    assert studio.call("DELETE", f"/filters/{own}").status == 404, "what is nobody else's is not there"
    assert studio.call("DELETE", f"/filters/{shared}", headers={"If-Match": '"9-clients.filter"'}).status == 412
    assert studio.call("DELETE", f"/filters/{shared}").status == 204
    assert studio.call("GET", "/filters").json["items"] == []


def test_t50_no_text_of_a_client_is_a_formula_in_an_export(studio: Studio) -> None:
    studio.add(full_name="=1+1", notes="@SUM(1)", tags=["+1"])
    for kind in ("csv", "xlsx"):
        body = studio.call("GET", f"/export?format={kind}").body
        assert active(csv_cells(body) if kind == "csv" else xlsx_cells(body)) == []
