"""Clients over HTTP: the register as the staff keeps it, and as a Cliente sees it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.settings import Settings
from tests.integration.registers import Studio
from tests.servers import Api, Reply, patiently

FIELDS = [
    "id", "full_name", "email", "phone", "birth_date", "status", "tags", "notes", "assigned_to", "version", "created_at", "updated_at",
    "archived_at", "lifecycle_stage", "lifecycle_since", "custom_fields", "merged_into",
]  # fmt: skip


def test_a_new_client_reads_back_as_it_was_answered(studio: Studio) -> None:
    given = {
        "full_name": "Ana Souza", "email": "Ana@Example.com", "phone": "+34 600 000 000", "birth_date": "1990-04-17", "status": "inactive",
        "tags": ["strength", "morning"], "notes": "Knee.", "assigned_to": studio.owner.id,
    }  # fmt: skip
    made = studio.post(given)
    assert made.status == 201
    assert set(made.json) == set(FIELDS)
    read = studio.get(made.json["id"])
    assert list(read.json) == FIELDS
    assert read.headers["ETag"] == made.headers["ETag"]
    assert {name: read.json[name] for name in given} == {**given, "email": "ana@example.com", "phone": "+34600000000"}
    assert studio.find()[0] == read.json
    again = studio.api.get(f"/api/v1/clients/{made.json['id']}", headers={"If-None-Match": read.headers["ETag"]}, **studio.staff)
    assert again.status == 304


def test_only_a_name_is_needed_and_the_rest_has_defaults(studio: Studio) -> None:
    made = studio.post({"full_name": "Li"}).json
    assert (made["status"], made["tags"], made["email"], made["version"], made["archived_at"]) == ("active", [], None, 1, None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/full_name"),
        ({"full_name": " \t"}, "/full_name"),
        ({"full_name": "A", "email": "nobody"}, "/email"),
        ({"full_name": "A", "tags": [""]}, "/tags/0"),
        ({"full_name": "A", "tags": ["x" * 41]}, "/tags/0"),
        ({"full_name": "A", "tags": [f"t{n}" for n in range(51)]}, "/tags"),
        ({"full_name": "A", "status": "gone"}, "/status"),
        ({"full_name": "A", "nickname": "B"}, "/nickname"),
        ({"full_name": "A", "birth_date": "2026-02-30"}, "/birth_date"),
        ({"full_name": "A", "birth_date": "2190-01-01"}, "/birth_date"),
        ({"full_name": "A", "version": 7}, "/version"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(studio: Studio, body: dict[str, Any], pointer: str) -> None:
    refused = studio.post(body)
    assert refused.status == 422
    assert pointer in {each["pointer"] for each in refused.json["errors"]}
    assert studio.find() == []


def test_tags_keep_their_order_and_lose_their_twins(studio: Studio) -> None:
    assert studio.post({"full_name": "A", "tags": ["Força", "yoga", "forca", "YOGA"]}).json["tags"] == ["Força", "yoga"]


def test_a_change_cannot_move_a_birth_into_the_future(studio: Studio) -> None:
    made = studio.post({"full_name": "Li", "birth_date": "1990-04-17"}).json
    refused = studio.patch(made["id"], {"birth_date": "2190-01-01"})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/birth_date")


@pytest.mark.parametrize("who", ["nobody", "a Cliente", "a member who left", "a member elsewhere"])
def test_a_collaborator_this_workspace_does_not_have_is_refused_like_a_random_id(studio: Studio, other: Studio, who: str) -> None:
    """T3: nothing tells an id of another workspace from one that does not exist."""
    chosen = {"nobody": str(uuid.uuid4()), "a member elsewhere": other.owner.id}.get(who)
    if chosen is None:
        person = studio.member("Cliente" if who == "a Cliente" else "Colaborador")
        if who == "a member who left":
            studio.sql("update user_roles set ended_at = now() where workspace_id = %s and user_id = %s", studio.id, person.id)
        chosen = person.id
    made = studio.post({"full_name": "Kept"}).json
    answers = [
        studio.post({"full_name": "A", "assigned_to": chosen}),
        studio.patch(made["id"], {"assigned_to": chosen}),
        studio.put(made["id"], {"full_name": "B", "assigned_to": chosen}, '"1-clients.client"'),
    ]
    expected = [(422, "invalid_reference", [{"pointer": "/assigned_to", "message": "No such collaborator in this workspace."}])] * 3
    assert [(each.status, each.json["code"], each.json["errors"]) for each in answers] == expected
    assert [each["full_name"] for each in studio.find()] == ["Kept"]


def test_whoever_looks_after_a_client_may_stay_after_leaving(studio: Studio) -> None:
    coach = studio.member("Colaborador")
    made = studio.post({"full_name": "A", "assigned_to": coach.id}).json
    studio.sql("update user_roles set ended_at = now() where workspace_id = %s and user_id = %s", studio.id, coach.id)
    replaced = studio.put(made["id"], {"full_name": "B", "assigned_to": coach.id}, '"1-clients.client"')
    assert (replaced.status, replaced.json["assigned_to"]) == (200, coach.id)


def test_patch_changes_what_it_names_and_put_replaces_the_rest(studio: Studio) -> None:
    made = studio.post({"full_name": "Ana", "email": "a@example.com", "phone": "1001", "tags": ["x"], "notes": "n"}).json
    patched = studio.patch(made["id"], {"phone": None, "notes": "m"}).json
    unmoved = {name: made[name] for name in FIELDS if name not in ("phone", "notes", "version", "updated_at")}
    assert {name: patched[name] for name in unmoved} == unmoved
    assert (patched["phone"], patched["notes"], patched["version"]) == (None, "m", 2)
    replaced = studio.put(made["id"], {"full_name": "Eva"}, '"2-clients.client"').json
    assert (replaced["full_name"], replaced["email"], replaced["tags"], replaced["notes"], replaced["version"]) == ("Eva", None, [], None, 3)
    assert replaced["created_at"] == made["created_at"]
    assert studio.get(made["id"]).json == replaced


def test_an_empty_patch_changes_nothing(studio: Studio) -> None:
    made = studio.post({"full_name": "Ana"}).json
    assert studio.patch(made["id"], {}).json["version"] == 1
    assert studio.patch(made["id"], {}, '"9-clients.client"').status == 412


def test_a_phone_number_is_kept_in_one_form_and_found_by_any(studio: Studio) -> None:
    made = studio.post({"full_name": "Ana", "phone": " +34 (600) 000-000 "})
    assert (made.status, made.json["phone"]) == (201, "+34600000000")
    assert studio.patch(made.json["id"], {"phone": "600  000.001"}).json["phone"] == "600 000.001"
    assert studio.put(made.json["id"], {"full_name": "Ana", "phone": "+34-600-000-001"}, "*").json["phone"] == "+34600000001"
    for written in ("600000001", "0034 600 000 001", "+34 600 000 001"):
        assert studio.post({"full_name": "Bo", "phone": written}).json["candidates"][0]["id"] == made.json["id"]
    assert studio.patch(made.json["id"], {"phone": None}).json["phone"] is None


@pytest.mark.parametrize("phone", ["", " ", "112", "+34", "+0034600000000", "600 000 x", "call", "=1+1000", "1" * 21, "1" * 41, 600000000, ["6000"]])
def test_what_is_no_phone_number_is_refused_where_it_is_and_nothing_is_written(studio: Studio, phone: object) -> None:
    made = studio.post({"full_name": "Ana", "phone": "1200"})
    refusals = (
        studio.post({"full_name": "Bo", "phone": phone}),
        studio.patch(made.json["id"], {"phone": phone}),
        studio.put(made.json["id"], {"full_name": "Ana", "phone": phone}, "*"),
    )
    for refused in refusals:
        assert (refused.status, {fault["pointer"].split("/0")[0] for fault in refused.json["errors"]}) == (422, {"/phone"}), phone
    assert studio.get(made.json["id"]).json == made.json


@pytest.mark.parametrize("body", [{"full_name": "B"}, {"phone": "1001"}, {"status": "archived"}])
def test_what_was_read_before_another_change_is_stale(studio: Studio, body: dict[str, Any]) -> None:
    made = studio.post({"full_name": "A"}).json
    studio.patch(made["id"], {"phone": "1002"})
    old, new = '"1-clients.client"', '"2-clients.client"'
    assert studio.patch(made["id"], body, old).status == 412
    assert studio.delete(made["id"], old).status == 412
    assert studio.put(made["id"], {"full_name": "C"}, old).status == 412
    assert studio.put(made["id"], {"full_name": "C"}, None).status == 428
    assert studio.get(made["id"]).headers["ETag"] == new
    assert studio.patch(made["id"], body, new).status == 200


def test_t70_of_64_writers_with_the_same_tag_one_wins(studio: Studio) -> None:
    for path in ("patch", "put"):
        made = studio.post({"full_name": "A"}).json
        write = getattr(studio, path)
        with ThreadPoolExecutor(16) as crowd:
            bodies = [{"full_name": f"B{n}", "phone": f"{1000 + n}"} for n in range(64)]
            answers = list(crowd.map(lambda body: patiently(lambda: write(made["id"], body, '"1-clients.client"')), bodies))  # noqa: B023
        assert Counter(each.status for each in answers) == {200: 1, 412: 63}
        winner = next(each.json for each in answers if each.status == 200)
        assert studio.get(made["id"]).json == winner
        assert winner["version"] == 2


def test_deleting_archives_keeps_history_and_is_told_once(studio: Studio) -> None:
    made = studio.post({"full_name": "Ana"}).json
    assert studio.delete(made["id"], '"1-clients.client"').status == 204
    assert studio.find() == []
    kept = studio.get(made["id"]).json
    assert (kept["status"], kept["version"]) == ("archived", 2)
    assert kept["archived_at"] is not None
    assert studio.delete(made["id"]).status == 204
    assert studio.get(made["id"]).json == kept
    back = studio.patch(made["id"], {"status": "active"}).json
    assert (back["status"], back["archived_at"]) == ("active", None)
    assert studio.find() == [back]
    happened = [row[0] for row in studio.sql("select name from outbox where workspace_id = %s and name like 'clients%%' order by id", studio.id)]
    assert happened == ["clients_created", "clients_updated", "clients_archived", "clients_updated", "clients_restored"]


def test_every_change_is_audited_without_contact_details(studio: Studio) -> None:
    made = studio.post({"full_name": "Ana", "email": "secret@example.com", "phone": "+34 600", "notes": "private"}).json
    studio.patch(made["id"], {"notes": "very private", "full_name": "Eva"})
    rows = studio.sql("select action, before, after, actor from audit_logs where workspace_id = %s and table_name = 'clients' order by id", studio.id)
    assert [(row[0], row[3]) for row in rows] == [("insert", "Owner"), ("update", "Owner")]
    assert (rows[1][1]["full_name"], rows[1][2]["full_name"]) == ("Ana", "Eva")
    assert not any(word in str(rows) for word in ("secret@", "+34 600", "private"))


def test_another_workspace_has_none_of_it(studio: Studio, other: Studio) -> None:
    made = studio.post({"full_name": "Ana", "tags": ["x"]}).json
    nobody = str(uuid.uuid4())
    assert other.find() == []
    assert other.find(q="ana") == []
    attempts: tuple[Callable[[str], Reply], ...] = (
        lambda id: other.get(id), lambda id: other.patch(id, {"phone": "1001"}), lambda id: other.patch(id, {"full_name": "B"}),
        lambda id: other.put(id, {"full_name": "B"}, "*"), lambda id: other.delete(id), lambda id: other.patch(id, {}),
    )  # fmt: skip
    for attempt in attempts:
        foreign, unknown = attempt(made["id"]), attempt(nobody)
        assert (foreign.status, foreign.json["detail"]) == (unknown.status, unknown.json["detail"])
        assert foreign.status == 404
    assert studio.get(made["id"]).json == made


def test_a_cliente_sees_only_themself_and_none_of_the_staffs_notes(studio: Studio) -> None:
    """T39."""
    own = studio.post({"full_name": "Own", "notes": "canary", "tags": ["canary"], "assigned_to": studio.owner.id}).json
    foreign = studio.post({"full_name": "Foreign"}).json
    me = studio.as_cliente(own["id"])
    hidden = {"notes", "tags", "assigned_to", "lifecycle_stage", "lifecycle_since", "custom_fields", "merged_into"}
    read = me.get(own["id"])
    assert read.json == {name: value for name, value in own.items() if name not in hidden}
    assert me.find() == me.find(sort="full_name") == me.find(q="own") == [read.json]
    assert me.get(foreign["id"]).status == me.get(str(uuid.uuid4())).status == 404
    assert me.find(q="foreign") == []
    # Filters answer nothing about what is hidden.
    assert me.find(tag="canary") == me.find(assigned_to=studio.owner.id) == []
    assert read.headers["ETag"] != studio.get(own["id"]).headers["ETag"]
    assert me.api.get(f"/api/v1/clients/{own['id']}", headers={"If-None-Match": read.headers["ETag"]}, **me.staff).status == 304
    for attempt in (
        me.post({"full_name": "A"}), me.patch(own["id"], {"phone": "1001"}), me.put(own["id"], {"full_name": "A"}, "*"), me.delete(own["id"]),
        me.api.get("/api/v1/clients/tags", **me.staff),
    ):  # fmt: skip
        assert attempt.status == 403
    assert studio.get(own["id"]).json == own


def test_a_cliente_without_a_record_sees_nobody(studio: Studio) -> None:
    studio.post({"full_name": "A"})
    me = studio.as_cliente(None)
    assert me.find() == []


def test_a_colaborador_keeps_the_register_like_the_owner(studio: Studio) -> None:
    coach = Studio(studio.api, studio.settings, studio.member("Colaborador"), studio.id)
    made = coach.post({"full_name": "A", "assigned_to": coach.owner.id})
    assert made.status == 201
    assert coach.delete(made.json["id"]).status == 204


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    return Studio.new(server, settings)


@pytest.fixture
def other(server: Api, settings: Settings) -> Studio:
    return Studio.new(server, settings)
