"""Conditional requests, over every operation that documents them: what is documented works, and what is not is not."""

from __future__ import annotations

import re
from typing import Any

import pytest

from config.settings import Settings
from tests.documented import Documented, World, world
from tests.pictures import PICTURES
from tests.servers import Api, Reply


def asks(operation: Documented, header: str) -> bool:
    return any(each["in"] == "header" and each["name"] == header for each in operation.described["parameters"])


def missed(hub: World, operation: Documented) -> str | None:
    """What is wrong with a GET that documents If-None-Match; None when nothing is."""
    strange = operation.path.endswith("/branding") or "/public/" in operation.path  # read under a domain: test_faces, test_booking_page
    query = "?domain=nowhere.example" if strange else ""
    if operation.path.endswith("/availability"):
        query = f"{query or '?'}&service={hub.bookable()['service_id']}&from=2031-01-01&to=2031-01-02".replace("?&", "?")
    if operation.path.endswith("/kpis"):
        query = "?from=2031-01-01&to=2031-01-02"
    path = hub.path(operation) + query
    first = hub.call(operation, path=path)
    if first.status != 200:
        unguessed = strange or operation.path.startswith("/ical/")  # the latter: test_booking_feeds
        return None if unguessed and first.status == 404 else f"{operation}: {first.status} {first.body!r}"
    tag = first.headers.get("ETag")
    if tag is None:
        return f"{operation}: no ETag"
    for held, status in ((tag, 304), (f'"another", W/{tag}', 304), ("*", 304), ('"another"', 200)):
        again = hub.call(operation, path=path, headers={"If-None-Match": held})
        if again.status != status or (status == 304 and (again.body or again.headers["ETag"] != tag)):
            return f"{operation}: {again.status} with {held}"
    return None


def test_every_get_that_documents_if_none_match_has_a_tag_and_answers_304(hub: World) -> None:
    documented = [operation for operation in hub.operations if operation.method == "GET" and asks(operation, "If-None-Match")]
    assert len(documented) >= 14
    assert {"/api/v1/me", "/api/v1/clients/imports/{import_id}", "/api/v1/audit/{entry_id}"} <= {operation.path for operation in documented}
    assert [found for operation in documented if (found := missed(hub, operation))] == []


def test_a_get_that_has_a_tag_documents_it(hub: World) -> None:
    silent = [op for op in hub.operations if op.method == "GET" and not asks(op, "If-None-Match") and not op.path.startswith("/auth")]
    tagged = [str(operation) for operation in silent if hub.call(operation, path=hub.path(operation)).headers.get("ETag")]
    assert tagged == []


def stale(hub: World, operation: Documented) -> str | None:
    """What is wrong with an operation that documents If-Match; None when nothing is."""
    path = hub.path(operation)
    who = hub.staff if path == "/api/v1/users/me" else None  # the only Owner may not leave, whatever they read
    here = (other for other in hub.operations if other.method == "GET" and other.path == operation.path)
    reading = next((other for other in here if asks(other, "If-None-Match")), None)
    body: dict[str, Any] = {"json": hub.body(operation)} if operation.body_schema else {}
    headers = {}
    if sent := operation.described.get("requestBody", {}).get("content", {}).keys() & PICTURES.keys():
        media = min(sent)
        body, headers = {"raw": PICTURES[media]}, {"Content-Type": media}
    tag = hub.call(reading, path=path, who=who).headers["ETag"] if reading is not None else '"1-workspaces.member"'
    older = re.sub(r'^"\d+', '"999999', tag)
    for given in (older, f'"1-nobody.knows", {older}'):
        reply = hub.call(operation, path=path, who=who, headers={"If-Match": given, **headers}, **body)
        if reply.status != 412:
            return f"{operation}: {reply.status} with {given}"
    if reading is not None and hub.call(reading, path=path, who=who).headers["ETag"] != tag:
        return f"{operation}: it was done all the same"
    return None


def test_every_operation_that_documents_if_match_refuses_a_stale_one(hub: World) -> None:
    documented = [operation for operation in hub.operations if asks(operation, "If-Match")]
    assert len(documented) >= 20
    assert [found for operation in documented if (found := stale(hub, operation))] == []


def test_the_tag_of_ones_own_record_follows_all_that_it_shows(hub: World) -> None:
    person = hub.api.signup("Ana Souza")
    first = hub.api.get("/api/v1/me", who=person).headers["ETag"]
    assert _me(hub, person.token, first).status == 304
    hub.api.workspace(person)  # shown, and no change of the person
    second = _me(hub, person.token, first)
    assert (second.status, second.headers["ETag"] != first) == (200, True)
    tag = second.headers["ETag"]
    changed = hub.api.patch("/api/v1/me", json={"full_name": "Ana Lima"}, who=person, headers={"If-Match": tag})
    assert changed.status == 200
    assert _me(hub, person.token, changed.headers["ETag"]).status == 304
    refused = hub.api.patch("/api/v1/me", json={"full_name": "Ana B"}, who=person, headers={"If-Match": tag})
    assert (refused.status, refused.json["code"]) == (412, "stale_version")


def test_a_saved_search_is_replaced_by_who_read_it(hub: World) -> None:
    made = hub.api.post("/api/v1/clients/filters", json={"name": "Mine", "shared": True, "query": {}}, who=hub.owner, workspace=hub.workspace)
    path, body = f"/api/v1/clients/filters/{made.json['id']}", {"name": "Mine too", "shared": True, "query": {}}

    def put(who: object, tag: str | None) -> Reply:
        headers = {} if tag is None else {"If-Match": tag}
        return hub.api.put(path, json=body, who=who, workspace=hub.workspace, headers=headers)  # type: ignore[arg-type]

    tag = made.headers["ETag"]
    assert (put(hub.owner, None).status, put(hub.staff, tag).status, put(hub.owner, tag).status) == (428, 404, 200)
    assert (put(hub.owner, tag).status, put(hub.owner, "*").status) == (412, 200)
    assert hub.api.delete(path, who=hub.owner, workspace=hub.workspace, headers={"If-Match": tag}).status == 412
    assert hub.api.delete(path, who=hub.owner, workspace=hub.workspace).status == 204


def _me(hub: World, token: str, tag: str) -> Reply:
    return hub.api.get("/api/v1/me", who=token, headers={"If-None-Match": tag})


@pytest.fixture(scope="module")
def hub(server: Api, settings: Settings) -> World:
    return world(server, settings)
