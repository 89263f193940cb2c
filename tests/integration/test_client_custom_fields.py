"""What a workspace asks of its clients besides, and how far they have come with it."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings import Settings
from tests.integration.registers import Studio
from tests.servers import Api, Reply
from tests.spreadsheets import csv_cells

FIELDS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "goal": {"type": "string", "title": "Goal", "enum": ["strength", "weight"]},
        "shoe_size": {"type": "number", "minimum": 15, "maximum": 60},
        "member_number": {"type": "string", "pattern": "^M[0-9]{4}$"},
        "first_visit": {"type": "string", "format": "date"},
        "newsletter": {"type": "boolean"},
        "sports": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "emergency": {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}, "required": ["name"]},
    },
    "required": ["goal"],
}
RIGHT = {
    "goal": "strength", "shoe_size": 42.5, "member_number": "M0001", "first_visit": "2026-04-17", "newsletter": False, "sports": ["ski"],
    "emergency": {"name": "Olga Ñ"},
}  # fmt: skip


def test_what_is_defined_is_kept_and_shown(defined: Studio) -> None:
    made = defined.post({"full_name": "Ana", "custom_fields": RIGHT})
    assert made.status == 201, made.body
    assert made.json["custom_fields"] == RIGHT
    assert defined.get(made.json["id"]).json["custom_fields"] == RIGHT
    assert defined.find(q="ana")[0]["custom_fields"] == RIGHT


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"goal": "fame"}, {"/custom_fields/goal"}),
        ({"goal": 1}, {"/custom_fields/goal"}),
        ({"goal": None}, {"/custom_fields/goal"}),
        ({"shoe_size": 61}, {"/custom_fields/shoe_size"}),
        ({"shoe_size": "42"}, {"/custom_fields/shoe_size"}),
        ({"shoe_size": True}, {"/custom_fields/shoe_size"}),
        ({"member_number": "M00011"}, {"/custom_fields/member_number"}),
        ({"member_number": "M" + "0" * 5000}, {"/custom_fields/member_number"}),
        ({"first_visit": "17/04/2026"}, {"/custom_fields/first_visit"}),
        ({"first_visit": "2026-02-30"}, {"/custom_fields/first_visit"}),
        ({"newsletter": "no"}, {"/custom_fields/newsletter"}),
        ({"sports": ["a", "b", "c", "d"]}, {"/custom_fields/sports"}),
        ({"sports": ["a", 2]}, {"/custom_fields/sports/1"}),
        ({"emergency": {}}, {"/custom_fields/emergency/name"}),
        ({"emergency": {"name": "O", "x~/y": 1}}, {"/custom_fields/emergency/x~0~1y"}),
        ({"nickname": "A", "shoe_size": 3}, {"/custom_fields/nickname", "/custom_fields/shoe_size"}),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_changes_nothing(defined: Studio, change: dict[str, Any], pointers: set[str]) -> None:
    added = defined.post({"full_name": "Ana", "custom_fields": {**RIGHT, **change}})
    made = defined.post({"full_name": "Ana", "custom_fields": RIGHT}).json
    changed = defined.patch(made["id"], {"custom_fields": change, "notes": "x"})
    for refused in (added, changed):
        assert (refused.status, {fault["pointer"] for fault in refused.json["errors"]}) == (422, pointers)
    assert defined.get(made["id"]).json == made


def test_a_patch_changes_what_it_names_and_put_replaces(defined: Studio) -> None:
    made = defined.post({"full_name": "Ana", "custom_fields": RIGHT}).json
    patched = defined.patch(made["id"], {"custom_fields": {"shoe_size": None, "goal": "weight"}})
    assert patched.json["custom_fields"] == {**{name: RIGHT[name] for name in RIGHT if name != "shoe_size"}, "goal": "weight"}
    assert patched.json["version"] == 2
    put = defined.put(made["id"], {"full_name": "Ana", "custom_fields": {"goal": "strength"}}, patched.headers["ETag"])
    assert put.json["custom_fields"] == {"goal": "strength"}
    assert defined.put(made["id"], {"full_name": "Ana"}, put.headers["ETag"]).json["errors"][0]["pointer"] == "/custom_fields/goal"
    assert defined.patch(made["id"], {"phone": "1001"}).status == 200, "who says nothing about them is not asked"


def test_an_export_has_them_and_an_import_reads_them_back_or_says_what_does_not_fit(studio: Studio) -> None:
    define(studio, {**FIELDS, "properties": {**FIELDS["properties"], "notes": {"type": "string"}}})
    studio.post({"full_name": "Ana", "lifecycle_stage": "trial", "custom_fields": {**RIGHT, "notes": "=1+1"}})
    studio.post({"full_name": "Bo", "custom_fields": {"goal": "weight"}})
    file = studio.call("GET", "/export?sort=full_name").body
    header, ana, bo = csv_cells(file)
    assert dict(zip(header[-8:], ana[-8:], strict=True)) == {
        "goal": "strength", "shoe_size": "42.5", "member_number": "M0001", "first_visit": "2026-04-17", "newsletter": "false", "sports": "ski",
        "emergency": '{"name": "Olga Ñ"}', "custom_fields.notes": "'=1+1",
    }  # fmt: skip
    assert sorted(bo[-8:]) == [*[""] * 7, "weight"]
    sent = {"Content-Type": "text/csv"}
    told = studio.call("POST", "/import?dry_run=true&allow_duplicate=true", raw=file, headers=sent).json
    assert (told["added"], told["problems"], told["file"]["ignored_columns"]) == (2, [], [])
    wrong = "name,Goal,SHOE SIZE,member_number,First visit\nAna,fame,61,M1,soon\nBo,,42,,\nCy,Weight,41,M0002,17/04/2026\n"
    told = studio.call("POST", "/import?dry_run=true", raw=wrong.encode(), headers=sent).json
    assert sorted((each["row"], each["column"]) for each in told["problems"]) == [
        (2, "First visit"), (2, "Goal"), (2, "SHOE SIZE"), (2, "member_number"), (3, "Goal"),
    ]  # fmt: skip
    assert (told["added"], told["invalid"], told["file"]["columns"]["custom_fields.goal"]) == (1, 2, "Goal")
    told = studio.call("POST", "/import?dry_run=true", raw=b"name\nAna\n", headers=sent).json
    assert [(each["row"], each["column"], each["message"].split(":")[0]) for each in told["problems"]] == [(2, None, "goal")]


def test_a_field_that_goes_keeps_what_was_said_until_somebody_takes_it_away(studio: Studio) -> None:
    assert define(studio, FIELDS).status == 200
    made = studio.post({"full_name": "Ana", "custom_fields": RIGHT}).json
    assert define(studio, {"type": "object", "properties": {"goal": {"type": "string"}}}).status == 200
    changed = studio.patch(made["id"], {"custom_fields": {"goal": "anything"}})
    assert changed.json["custom_fields"] == {**RIGHT, "goal": "anything"}
    assert studio.patch(made["id"], {"custom_fields": {"shoe_size": 40}}).status == 422
    assert "shoe_size" not in studio.patch(made["id"], {"custom_fields": {"shoe_size": None}}).json["custom_fields"]
    assert define(studio, {}).status == 200
    assert studio.post({"full_name": "Bo", "custom_fields": {"goal": "x"}}).json["errors"][0]["pointer"] == "/custom_fields/goal"


def test_what_was_read_is_sent_back_whatever_the_definition_is_by_now(studio: Studio) -> None:
    """A field that went, one that was tightened and one of another type: kept as they are, and said anew they have to fit."""
    size = {"type": "number"}
    assert define(studio, {"type": "object", "properties": {"goal": {"type": "string"}, "old": {"type": "boolean"}, "size": size}}).status == 200
    made = studio.post({"full_name": "Ana", "custom_fields": {"goal": "fame", "old": True, "size": 1}}).json
    tightened = {"goal": {"type": "string", "enum": ["weight"]}, "size": {"type": "boolean"}, "new": {"type": "string"}}
    assert define(studio, {"type": "object", "properties": tightened, "required": ["goal"]}).status == 200
    shown = {name: made[name] for name in ("full_name", "email", "phone", "custom_fields")}
    put = studio.put(made["id"], shown, "*")
    assert (put.status, put.json["custom_fields"]) == (200, made["custom_fields"])
    patched = studio.patch(made["id"], {"custom_fields": {"new": "x"}})
    assert (patched.status, patched.json["custom_fields"]) == (200, {**made["custom_fields"], "new": "x"})
    for change, field in (({"goal": "money"}, "goal"), ({"goal": None}, "goal"), ({"old": False}, "old"), ({"old": 1}, "old"), ({"size": 2}, "size")):
        refused = studio.patch(made["id"], {"custom_fields": change})
        assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, [f"/custom_fields/{field}"]), change


def test_what_became_required_later_is_asked_for_where_all_is_said_and_taken_from_nobody(studio: Studio) -> None:
    fields = {"level": {"type": "integer"}, "must": {"type": "string"}, "kin": {"type": "object", "properties": {"name": {"type": "string"}}}}
    assert define(studio, {"type": "object", "properties": fields}).status == 200
    bo = studio.post({"full_name": "Bo", "custom_fields": {"level": 1, "kin": {}}}).json["id"]
    fields["kin"]["required"] = ["name"]
    assert define(studio, {"type": "object", "properties": fields, "required": ["must", "level"]}).status == 200
    patched = studio.patch(bo, {"custom_fields": {"level": 4}})
    assert (patched.status, patched.json["custom_fields"]) == (200, {"level": 4, "kin": {}})
    for change, pointer in (
        ({"level": None}, "level"), ({"must": None}, "must"), ({"must": 1}, "must"), ({"level": "x"}, "level"), ({"kin": {"name": 1}}, "kin/name"),
    ):  # fmt: skip
        refused = studio.patch(bo, {"custom_fields": change})
        assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, [f"/custom_fields/{pointer}"]), change
    whole = {"full_name": "Bo", "custom_fields": {"level": 4}}
    for refused in (studio.put(bo, whole, "*"), studio.post({**whole, "full_name": "Cy"})):
        assert (refused.status, [each["pointer"] for each in refused.json["errors"]]) == (422, ["/custom_fields/must"])
    assert studio.patch(bo, {"custom_fields": {"must": "x"}}).status == 200
    assert studio.patch(bo, {"custom_fields": {"must": None}}).status == 422
    assert studio.get(bo).json["custom_fields"] == {"level": 4, "kin": {}, "must": "x"}


def test_who_gives_none_is_told_what_is_required_and_none_are_when_none_is(defined: Studio) -> None:
    for body in ({"full_name": "Ana"}, {"full_name": "Ana", "custom_fields": {}}):
        refused = defined.post(body)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/custom_fields/goal")


def test_another_workspace_asks_for_its_own(defined: Studio, studio: Studio) -> None:
    refused = studio.post({"full_name": "Ana", "custom_fields": {"goal": "strength"}})
    assert refused.status == 422
    assert studio.post({"full_name": "Ana"}).json["custom_fields"] == {}


def test_a_definition_may_say_what_it_is_and_that_it_takes_nothing_else(studio: Studio) -> None:
    said = {"$schema": "https://json-schema.org/draft/2020-12/schema", "additionalProperties": False}
    assert define(studio, FIELDS | said).json["settings"] == {"custom_fields": FIELDS | said}
    assert studio.post({"full_name": "Ana", "custom_fields": {"unknown": 1}}).status == 422
    for other in ({"$schema": "http://json-schema.org/draft-07/schema#"}, {"additionalProperties": True}):
        assert define(studio, FIELDS | other).status == 422


def test_a_settings_page_reads_the_definition_back(studio: Studio) -> None:
    assert define(studio, FIELDS).json["settings"] == {"custom_fields": FIELDS}
    shown = studio.api.get(f"/api/v1/workspaces/{studio.id}/modules/clients", who=studio.owner).json
    assert shown["settings"] == {"custom_fields": FIELDS}
    assert shown["settings_schema"]["properties"]["custom_fields"]["type"] == "object"


def test_a_cliente_sees_neither_fields_nor_stage_and_the_audit_no_values(studio: Studio) -> None:
    define(studio, FIELDS)
    made = studio.post({"full_name": "Ana", "custom_fields": {**RIGHT, "member_number": "M4711"}}).json
    own = studio.as_cliente(made["id"]).get(made["id"]).json
    assert own.keys().isdisjoint({"custom_fields", "lifecycle_stage", "lifecycle_since", "merged_into"})
    studio.patch(made["id"], {"custom_fields": {"member_number": "M4712"}})
    audit = studio.api.get("/api/v1/audit?table=clients", **studio.staff)
    assert audit.status == 200
    assert b"M471" not in audit.body
    assert b"custom_fields" in audit.body


def test_a_stage_is_kept_with_its_day_filtered_by_and_told(studio: Studio) -> None:
    lead = studio.post({"full_name": "Lea", "lifecycle_stage": "lead"}).json
    other = studio.post({"full_name": "Bo"}).json
    assert (lead["lifecycle_stage"], other["lifecycle_stage"]) == ("lead", "client")
    assert [each["id"] for each in studio.find(lifecycle_stage="lead")] == [lead["id"]]
    trying = studio.patch(lead["id"], {"lifecycle_stage": "trial"}).json
    assert trying["lifecycle_since"] > lead["lifecycle_since"]
    again = studio.patch(lead["id"], {"lifecycle_stage": "trial", "phone": "1001"}).json
    assert again["lifecycle_since"] == trying["lifecycle_since"]
    assert studio.patch(lead["id"], {"lifecycle_stage": "friend"}).status == 422
    assert studio.as_cliente(lead["id"]).find(lifecycle_stage="trial") == []
    told = studio.sql("select payload from outbox where workspace_id = %s and name = 'clients_stage_changed'", studio.id)
    assert [(row[0]["from_stage"], row[0]["to_stage"]) for row in told] == [("lead", "trial")]
    timeline = studio.api.get(f"/api/v1/clients/{lead['id']}/timeline", **studio.staff).json["items"]
    assert [(each["kind"], each["title"]) for each in timeline] == [("clients.stage", "Stage: trial"), ("clients.created", "Added")]


def define(studio: Studio, schema: dict[str, Any]) -> Reply:
    path = f"/api/v1/workspaces/{studio.id}/modules/clients"
    return studio.api.put(path, json={"enabled": True, "settings": {"custom_fields": schema}}, who=studio.owner)


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    return Studio.new(server, settings)


@pytest.fixture(scope="module")
def defined(server: Api, settings: Settings) -> Studio:
    made = Studio.new(server, settings)
    assert define(made, FIELDS).status == 200
    return made
