"""The workspace's own OpenAPI document: what is off is not in it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.servers import Api, Person, Reply

WHOLE = "/api/v1/openapi.json"


def test_what_is_off_is_not_in_it_and_is_again_with_the_next_request(server: Api, ana: Person, studio: str) -> None:
    whole = server.get(WHOLE).json
    assert _plugins(whole) >= {"accounts", "clients", "privacy", "workspaces"}
    before = _own(server, ana, studio).json
    assert _plugins(before) >= {"accounts", "clients", "privacy", "workspaces"}
    for enabled in (False, True):
        _switch(server, ana, studio, enabled)
        own = _own(server, ana, studio)
        assert own.json == server.get(f"/api/v1/workspaces/{studio}/openapi.json", who=ana).json
        assert ("clients" in _plugins(own.json)) is enabled
        assert ("/api/v1/clients" in own.json["paths"]) is enabled
        assert any(name.startswith("clients.") for name in own.json["components"]["schemas"]) is enabled
        assert ("Clients" in [tag["name"] for tag in own.json["tags"]]) is enabled
    assert own.json == before
    assert server.get(WHOLE).json == whole, "whoever names no workspace gets the whole installation's"


def test_every_reference_in_it_leads_somewhere(server: Api, ana: Person, studio: str) -> None:
    _switch(server, ana, studio, False)
    own = _own(server, ana, studio).json
    named = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(own)))
    assert named == set(own["components"]["schemas"]), "no more and no less"


def test_its_tag_is_of_what_is_on(server: Api, ana: Person, studio: str) -> None:
    tag = _own(server, ana, studio).headers["ETag"]
    other = server.workspace(ana)
    assert _own(server, ana, other).headers["ETag"] == tag
    for held in (tag, f'"another", W/{tag}', "*"):
        same = _own(server, ana, studio, {"If-None-Match": held})
        assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
    _switch(server, ana, studio, False)
    changed = _own(server, ana, studio, {"If-None-Match": tag})
    assert changed.status == 200
    assert changed.headers["ETag"] not in (tag, server.get(WHOLE).headers["ETag"])
    assert "X-Workspace-Id" in changed.headers["Vary"]
    wrong = _own(server, ana, studio, {"If-None-Match": "nonsense"})
    assert (wrong.status, wrong.json["code"]) == (400, "malformed_header")


def test_it_is_for_members(server: Api, ana: Person, studio: str) -> None:
    eve = server.signup("Eve")
    assert _own(server, None, studio).status == 401
    assert _own(server, eve, studio).status == 404
    assert _own(server, ana, "nonsense").status == 400


def _own(server: Api, who: Person | None, workspace: str, headers: dict[str, str] | None = None) -> Reply:
    return server.get(WHOLE, who=who, headers={"X-Workspace-Id": workspace, **(headers or {})})


def _plugins(document: dict[str, Any]) -> set[str]:
    described = [each for item in document["paths"].values() for each in item.values() if isinstance(each, dict)]
    return {each["x-plugin"] for each in described if "x-plugin" in each}


def _switch(server: Api, who: Person, workspace: str, enabled: bool) -> None:
    for module in ("clients", "bookings") if enabled else ("bookings", "clients"):  # the one needs the other
        assert server.put(f"/api/v1/workspaces/{workspace}/modules/{module}", json={"enabled": enabled}, who=who).status == 200


@pytest.fixture
def ana(server: Api) -> Person:
    return server.signup("Ana Souza")


@pytest.fixture
def studio(server: Api, ana: Person) -> str:
    return server.workspace(ana)
