"""The audit trail, over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from config.settings import Settings
from tests.security.keyed import owner
from tests.servers import Api, Person, add_member


def test_a_change_is_recorded_with_who_what_and_which_request(server: Api, ana: Person, studio: str) -> None:
    changed = server.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": "South"})
    newest = _entries(server, ana, "?limit=1")[0]
    assert (newest["actor_id"], newest["actor"], newest["action"]) == (ana.id, "Owner", "update")
    assert (newest["table"], newest["record_id"], newest["request_id"]) == ("workspaces", studio, changed.headers["X-Request-Id"])
    assert (newest["before"]["name"], newest["after"]["name"]) == ("North Studio", "South")
    assert "currency" not in newest["after"]


def test_what_was_refused_is_not_recorded(server: Api, ana: Person, studio: str) -> None:
    before = _entries(server, ana)
    assert server.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": "No"}, headers={"If-Match": '"9-workspaces.workspace"'}).status == 412
    assert server.put(f"/api/v1/users/{ana.id}/role", who=ana, json={"role": "Cliente"}).status == 409
    assert _entries(server, ana) == before


def test_entries_come_newest_first_in_pages(server: Api, ana: Person, studio: str) -> None:
    for number in range(3):
        server.patch(f"/api/v1/workspaces/{studio}", who=ana, json={"name": f"N{number}"})
    found, cursor = [], ""
    while True:
        page = server.get(f"/api/v1/audit?limit=2{cursor}", who=ana).json
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    ids = [entry["id"] for entry in found]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == 5
    assert [entry["action"] for entry in found] == ["update", "update", "update", "insert", "insert"]


def test_each_filter_finds_its_entries_and_no_others(server: Api, settings: Settings, ana: Person, studio: str) -> None:
    bob = server.signup("Bob")
    add_member(settings, studio, bob, "Owner")
    changed = server.patch(f"/api/v1/workspaces/{studio}", who=bob, json={"name": "South"})
    everything = _entries(server, ana)
    middle = quote(everything[0]["at"])
    filters: list[tuple[str, Callable[[Any], bool]]] = [
        (f"actor_id={bob.id}", lambda e: e["actor_id"] == bob.id),
        ("table=user_roles", lambda e: e["table"] == "user_roles"),
        (f"record_id={bob.id}", lambda e: e["record_id"] == bob.id),
        ("action=insert", lambda e: e["action"] == "insert"),
        (f"request_id={changed.headers['X-Request-Id']}", lambda e: e["request_id"] == changed.headers["X-Request-Id"]),
        (f"from={middle}", lambda e: e["at"] >= everything[0]["at"]),
        (f"to={middle}", lambda e: e["at"] < everything[0]["at"]),
        (f"table=user_roles&action=insert&record_id={ana.id}", lambda e: e["table"] == "user_roles" and e["record_id"] == ana.id),
    ]
    for query, keep in filters:
        wanted = [entry for entry in everything if keep(entry)]
        assert 0 < len(wanted) < len(everything), query
        assert _entries(server, ana, f"?{query}") == wanted, query


@pytest.mark.parametrize("query", ["from=yesterday", "action=drop", "actor_id=1", "since=2026-01-01T00:00:00Z", "table=a&table=b"])
def test_a_filter_that_makes_no_sense_is_refused(server: Api, ana: Person, studio: str, query: str) -> None:
    refused = server.get(f"/api/v1/audit?{query}", who=ana)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (422, f"?{query.split('=')[0]}")


def test_one_entry_is_read_by_its_id(server: Api, ana: Person, studio: str) -> None:
    entry = _entries(server, ana)[0]
    assert server.get(f"/api/v1/audit/{entry['id']}", who=ana).json == {**entry, "position": None}
    for id in ("0", str(uuid.uuid4())):
        assert server.get(f"/api/v1/audit/{id}", who=ana).status == 404


def test_another_workspaces_entries_do_not_exist_here(server: Api, ana: Person, studio: str) -> None:
    eve = server.signup("Eve")
    server.workspace(eve)
    entry = _entries(server, ana)[0]
    assert server.get(f"/api/v1/audit/{entry['id']}", who=eve).status == 404
    assert {e["id"] for e in _entries(server, eve)}.isdisjoint(e["id"] for e in _entries(server, ana))
    assert _entries(server, eve, f"?actor_id={ana.id}") == []


@pytest.mark.parametrize("role", ["Colaborador", "Cliente"])
def test_only_owners_read_the_audit(server: Api, settings: Settings, ana: Person, studio: str, role: str) -> None:
    member = server.signup(role)
    add_member(settings, studio, member, role)
    entry = _entries(server, ana)[0]
    assert server.get("/api/v1/audit", who=member).status == 403
    assert server.get(f"/api/v1/audit/{entry['id']}", who=member).status == 403


def test_a_members_address_is_masked(server: Api, ana: Person, studio: str) -> None:
    joined = _entries(server, ana, "?table=user_roles")[0]
    assert joined["after"]["email"] == "***"
    assert ana.email not in str(_entries(server, ana))


def _entries(server: Api, who: Person, query: str = "") -> list[Any]:
    reply = server.get(f"/api/v1/audit{query}", who=who)
    assert reply.status == 200, reply.body
    found: list[Any] = reply.json["items"]
    return found


@pytest.fixture
def ana(server: Api) -> Person:
    return server.signup("Ana Souza")


@pytest.fixture
def studio(server: Api, ana: Person) -> str:
    return server.workspace(ana)


def test_what_is_made_is_recorded_by_what_it_has_whole_where_null_may_say_something(
    server: Api, ana: Person, studio: str, settings: Settings
) -> None:
    with owner(settings) as connection:
        made = connection.execute(
            "insert into bookings_schedule (workspace_id, user_id, weekly, overrides) values (%s, %s, '[]', %s) returning *",
            (studio, ana.id, '[{"date": "2030-01-01", "note": null}]'),
        )
        columns = {each.name for each in made.description or ()}
    entries = {each["table"]: each["after"] for each in _entries(server, ana) if each["action"] == "insert"}
    assert entries["bookings_schedule"]["overrides"] == [{"date": "2030-01-01", "note": None}]
    assert entries["bookings_schedule"].keys() == columns
    assert None not in entries["workspaces"].values()
