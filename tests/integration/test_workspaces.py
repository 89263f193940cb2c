"""Workspaces and their members, over HTTP."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from config.settings import Settings
from tests.servers import Api, Person, add_member

ROUNDS = 4


@dataclass(frozen=True)
class Studio:
    """A workspace with one member of each role."""

    id: str
    owner: Person
    staff: Person
    client: Person


def test_the_creator_becomes_owner_of_a_workspace_with_its_defaults(server: Api) -> None:
    ana = server.signup("Ana Souza")
    made = server.post("/api/v1/workspaces", json={"name": "North Studio"}, who=ana)
    assert made.status == 201
    assert made.headers["ETag"] == '"1-workspaces.workspace"'
    told = made.json
    assert (told["name"], told["timezone"], told["currency"], told["locale"], told["week_start"]) == ("North Studio", "UTC", "EUR", "en", 1)
    members = server.get("/api/v1/users", who=ana).json["items"]
    assert [(m["id"], m["full_name"], m["email"], m["role"], m["client_id"]) for m in members] == [(ana.id, "Ana Souza", ana.email, "Owner", None)]


def test_a_repeated_creation_with_the_same_key_makes_one_workspace(server: Api) -> None:
    ana = server.signup()
    first, second = (server.post("/api/v1/workspaces", json={"name": "Once"}, who=ana, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status, second.status, first.json) == (201, 201, second.json)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(server.get("/api/v1/workspaces", who=ana).json["items"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": " \n"}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"name": "N", "timezone": "Mars/Base"}, "/timezone"),
        ({"name": "N", "currency": "eur"}, "/currency"),
        ({"name": "N", "currency": "EUR\n"}, "/currency"),
        ({"name": "N", "currency": "XYZ"}, "/currency"),
        ({"name": "N", "locale": "english please"}, "/locale"),
        ({"name": "N", "week_start": 0}, "/week_start"),
        ({"name": "N", "modules": ["clients"]}, "/modules"),
    ],
)
def test_a_workspace_is_refused_at_the_value_that_is_wrong(server: Api, studio: Studio, body: dict[str, object], pointer: str) -> None:
    refused = server.post("/api/v1/workspaces", json=body, who=studio.owner)
    assert (refused.status, [error["pointer"] for error in refused.json["errors"]]) == (422, [pointer])


def test_a_person_lists_only_their_own_workspaces_in_pages(server: Api, studio: Studio) -> None:
    ana = server.signup()
    made = [server.workspace(ana, f"W{number}") for number in range(3)]
    first = server.get("/api/v1/workspaces?limit=2", who=ana)
    rest = server.get(f"/api/v1/workspaces?limit=2&cursor={first.json['next_cursor']}", who=ana)
    assert [w["id"] for w in (*first.json["items"], *rest.json["items"])] == made
    assert rest.json["next_cursor"] is None
    assert {w["role"] for w in first.json["items"]} == {"Owner"}
    assert server.get("/api/v1/workspaces", who=studio.client).json["items"][0]["role"] == "Cliente"


def test_the_path_names_the_workspace_without_any_header(server: Api) -> None:
    ana = server.signup()
    one, two = server.workspace(ana, "One"), server.workspace(ana, "Two")
    assert server.get(f"/api/v1/workspaces/{one}", who=ana).json["name"] == "One"
    assert server.get(f"/api/v1/workspaces/{two}", who=ana, workspace=two).json["name"] == "Two"
    differs = server.get(f"/api/v1/workspaces/{one}", who=ana, workspace=two)
    assert (differs.status, differs.json["code"]) == (400, "workspace_mismatch")
    assert server.get("/api/v1/users", who=ana).json["code"] == "workspace_required"


def test_a_workspace_of_others_is_as_if_it_did_not_exist(server: Api, studio: Studio) -> None:
    stranger = server.signup()
    answers = [server.get(f"/api/v1/workspaces/{id}", who=stranger) for id in (studio.id, str(uuid.uuid4()))]
    assert [(a.status, a.json["code"]) for a in answers] == [(404, "not_found")] * 2
    changed = server.patch(f"/api/v1/workspaces/{studio.id}", who=stranger, json={"name": "Mine"})
    assert changed.status == 404


def test_a_change_names_only_what_changes_and_moves_the_version(server: Api, studio: Studio) -> None:
    path = f"/api/v1/workspaces/{studio.id}"
    before = server.get(path, who=studio.owner)
    after = server.patch(path, who=studio.owner, json={"timezone": "Europe/Madrid"}, headers={"If-Match": before.headers["ETag"]})
    assert after.status == 200
    assert after.json == {**before.json, "timezone": "Europe/Madrid", "version": 2, "updated_at": after.json["updated_at"]}
    stale = server.patch(path, who=studio.owner, json={"name": "Late"}, headers={"If-Match": before.headers["ETag"]})
    assert stale.status == 412
    assert server.patch(path, who=studio.owner, json={"name": "Any"}, headers={"If-Match": "*"}).json["version"] == 3
    unchanged = server.get(path, who=studio.owner, headers={"If-None-Match": '"3-workspaces.workspace"'})
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_only_an_owner_changes_the_workspace(server: Api, studio: Studio) -> None:
    for person in (studio.staff, studio.client):
        assert server.get(f"/api/v1/workspaces/{studio.id}", who=person).status == 200
        assert server.patch(f"/api/v1/workspaces/{studio.id}", who=person, json={"name": "Mine"}).status == 403


def test_staff_see_every_member_and_a_cliente_only_themselves(server: Api, studio: Studio) -> None:
    everybody = {studio.owner.id, studio.staff.id, studio.client.id}
    for person, seen in ((studio.owner, everybody), (studio.staff, everybody), (studio.client, {studio.client.id})):
        assert {m["id"] for m in server.get("/api/v1/users", who=person).json["items"]} == seen
        assert server.get(f"/api/v1/users/{studio.owner.id}", who=person).status == (200 if studio.owner.id in seen else 404)
    assert [m["id"] for m in server.get("/api/v1/users?role=Colaborador", who=studio.owner).json["items"]] == [studio.staff.id]
    assert server.get("/api/v1/users?role=owner", who=studio.owner).status == 422


def test_members_come_in_pages_and_a_cursor_opens_no_other_filter(server: Api, studio: Studio) -> None:
    first = server.get("/api/v1/users?limit=2", who=studio.owner).json
    rest = server.get(f"/api/v1/users?limit=2&cursor={first['next_cursor']}", who=studio.owner).json
    assert len({m["id"] for m in (*first["items"], *rest["items"])}) == 3
    other = server.get(f"/api/v1/users?limit=2&role=Owner&cursor={first['next_cursor']}", who=studio.owner)
    assert (other.status, other.json["code"]) == (400, "invalid_cursor")


def test_a_new_role_holds_from_the_next_request(server: Api, studio: Studio) -> None:
    path = f"/api/v1/users/{studio.staff.id}"
    seen = server.get(path, who=studio.owner)
    made = server.put(f"{path}/role", who=studio.owner, json={"role": "Owner"}, headers={"If-Match": seen.headers["ETag"]})
    assert (made.status, made.json["role"], made.json["version"]) == (200, "Owner", 2)
    assert server.patch(f"/api/v1/workspaces/{studio.id}", who=studio.staff, json={"name": "Ours"}).status == 200
    stale = server.put(f"{path}/role", who=studio.owner, json={"role": "Colaborador"}, headers={"If-Match": seen.headers["ETag"]})
    assert stale.status == 412
    assert server.put(f"{path}/role", who=studio.staff, json={"role": "Colaborador"}).status == 200
    assert server.put(f"{path}/role", who=studio.staff, json={"role": "Owner"}).status == 403


def test_only_an_owner_gives_roles(server: Api, studio: Studio) -> None:
    for person in (studio.staff, studio.client):
        assert server.put(f"/api/v1/users/{person.id}/role", who=person, json={"role": "Owner"}).status == 403


def test_only_a_cliente_is_a_client(server: Api, studio: Studio) -> None:
    body = {"role": "Colaborador", "client_id": str(uuid.uuid4())}
    refused = server.put(f"/api/v1/users/{studio.staff.id}/role", who=studio.owner, json=body)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, "/client_id")
    assert server.put(f"/api/v1/users/{uuid.uuid4()}/role", who=studio.owner, json={"role": "Owner"}).status == 404
    assert server.put(f"/api/v1/users/{studio.staff.id}/role", who=studio.owner, json={"role": "owner"}).status == 422


def test_the_last_owner_cannot_be_demoted_removed_or_leave(server: Api, studio: Studio) -> None:
    demoted = server.put(f"/api/v1/users/{studio.owner.id}/role", who=studio.owner, json={"role": "Colaborador"})
    gone = server.delete(f"/api/v1/users/{studio.owner.id}", who=studio.owner)
    assert [(a.status, a.json["code"]) for a in (demoted, gone)] == [(409, "last_owner")] * 2
    assert server.put(f"/api/v1/users/{studio.owner.id}/role", who=studio.owner, json={"role": "Owner"}).status == 200


def test_a_removed_member_is_a_stranger_at_once_and_kept_in_the_record(server: Api, studio: Studio) -> None:
    assert server.delete(f"/api/v1/users/{studio.staff.id}", who=studio.owner).status == 204
    assert server.get(f"/api/v1/workspaces/{studio.id}", who=studio.staff).status == 404
    assert server.get(f"/api/v1/users/{studio.staff.id}", who=studio.owner).status == 404
    assert server.delete(f"/api/v1/users/{studio.staff.id}", who=studio.owner).status == 404
    trail = server.get(f"/api/v1/audit?table=user_roles&record_id={studio.staff.id}", who=studio.owner).json["items"]
    assert [entry["action"] for entry in trail] == ["update", "insert"]
    assert trail[0]["after"]["ended_at"] is not None


def test_everybody_may_leave_and_only_owners_remove_others(server: Api, studio: Studio) -> None:
    for person, other in ((studio.staff, studio.client), (studio.client, studio.staff)):
        assert server.delete(f"/api/v1/users/{other.id}", who=person).status == 403
    for person in (studio.staff, studio.client):
        assert server.delete(f"/api/v1/users/{person.id}", who=person, headers={"If-Match": '"7-workspaces.member"'}).status == 412
        seen = server.get(f"/api/v1/users/{person.id}", who=person).headers["ETag"]
        assert server.delete(f"/api/v1/users/{person.id}", who=person, headers={"If-Match": seen}).status == 204
    assert [m["id"] for m in server.get("/api/v1/users", who=studio.owner).json["items"]] == [studio.owner.id]


@pytest.mark.parametrize("how", ["each other", "themselves", "by leaving"])
def test_64_concurrent_demotions_of_two_owners_leave_one(server: Api, settings: Settings, how: str) -> None:
    ana, bob = server.signup("Ana"), server.signup("Bob")

    def one(job: tuple[str, Person, Person]) -> int:
        workspace, actor, target = job
        api = Api(server.url)
        if how == "by leaving":
            return api.delete(f"/api/v1/users/{actor.id}", who=actor, workspace=workspace).status
        whom = target if how == "each other" else actor
        return api.put(f"/api/v1/users/{whom.id}/role", who=actor, workspace=workspace, json={"role": "Colaborador"}).status

    for _ in range(ROUNDS):
        workspace = server.workspace(ana)
        add_member(settings, workspace, bob, "Owner")
        jobs = [(workspace, ana, bob), (workspace, bob, ana)] * 32
        with ThreadPoolExecutor(64) as crowd:
            answers = list(crowd.map(one, jobs))
        assert set(answers) <= {200, 204, 403, 404, 409, 503}, answers
        assert {200, 204} & set(answers), answers
        left = [
            member
            for person in (ana, bob)
            for member in server.get("/api/v1/users?role=Owner", who=person, workspace=workspace).json.get("items", [])
        ]
        assert left, answers


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    owner, staff, client = (server.signup(name) for name in ("Olga Owner", "Carl Colaborador", "Clara Cliente"))
    made = server.workspace(owner)
    add_member(settings, made, staff, "Colaborador")
    add_member(settings, made, client, "Cliente")
    return Studio(made, owner, staff, client)
