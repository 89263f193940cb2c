"""What a workspace looks like: its profile, and the face of it that strangers see under a verified domain."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings import Settings
from tests.integration.domains import Studio, face, name
from tests.servers import Api

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


SECRETS = ("Clara Secret", "secret note", "owner.secret@example.com")


def test_strangers_see_the_face_of_a_verified_domain_and_nothing_else(studio: Studio) -> None:
    domain = name()
    branding = {
        "display_name": "North",
        "logo": PNG,
        "colors": {"primary": "#0B6E4F", "background": "#ffffff"},
        "colors_dark": {"primary": "#7fd1ae", "background": "#101010", "on_primary": "#000000", "text": "#fafafa"},
    }
    workspace = f"/api/v1/workspaces/{studio.id}"
    changed = studio.api.patch(workspace, json={"branding": branding, "locale": "pt-BR"}, who=studio.owner)
    assert changed.status == 200, changed.body
    studio.api.post("/api/v1/clients", json={"full_name": SECRETS[0], "notes": SECRETS[1]}, who=studio.owner, workspace=studio.id)
    assert face(studio.api, domain).status == 404
    studio.verified(domain)
    seen = face(studio.api, domain)
    assert seen.json == {
        "name": "North",
        "locale": "pt-BR",
        "logo": PNG,
        "logo_dark": None,
        "colors": {"primary": "#0b6e4f", "on_primary": "#ffffff", "background": "#ffffff", "text": "#000000"},
        "colors_dark": {"primary": "#7fd1ae", "on_primary": "#000000", "background": "#101010", "text": "#fafafa"},
    }
    for leak in (*SECRETS, studio.id, studio.owner.id, studio.owner.email, "token", "North Studio"):
        assert leak.encode() not in seen.body
    by_host = face(studio.api, Host=f"{domain}:443")
    assert by_host.body == seen.body
    assert face(studio.api).status == 404
    assert face(studio.api, "co.uk").json["errors"][0]["pointer"] == "?domain"


def test_a_face_may_be_kept_by_every_cache(studio: Studio) -> None:
    domain = name()
    studio.verified(domain)
    seen = face(studio.api, domain, Origin="https://evil.example")
    assert seen.headers["Cache-Control"] == "public, max-age=300"
    tag = seen.headers["ETag"]
    assert face(studio.api, domain, Authorization="Bearer nonsense").headers["ETag"] == tag  # nobody is asked who they are
    unchanged = face(studio.api, domain, **{"If-None-Match": tag})
    assert (unchanged.status, unchanged.body, unchanged.headers["ETag"]) == (304, b"", tag)
    studio.api.patch(f"/api/v1/workspaces/{studio.id}", json={"branding": {"display_name": "New"}}, who=studio.owner)
    assert face(studio.api, domain, **{"If-None-Match": tag}).status == 200
    assert face(studio.api, name()).headers["Cache-Control"] == "no-store"


def test_a_profile_is_changed_member_by_member_and_null_takes_away(studio: Studio) -> None:
    path = f"/api/v1/workspaces/{studio.id}"
    empty = {"display_name": None, "logo": None, "logo_dark": None, "colors": None, "colors_dark": None}
    assert studio.api.get(path, who=studio.owner).json["branding"] == empty
    first = {"display_name": "North", "logo": "https://cdn.example.com/a.png"}
    assert studio.api.patch(path, json={"branding": first}, who=studio.owner).json["branding"] == {**empty, **first}
    second = studio.api.patch(path, json={"branding": {"logo": None}, "time_format": "12h", "currency": "JPY"}, who=studio.owner)
    assert second.json["branding"] == {**empty, "display_name": "North"}
    profile = {"timezone": "Asia/Tokyo", "locale": "ja", "week_start": 7}
    third = studio.api.patch(path, json=profile, who=studio.owner).json
    assert {field: third[field] for field in ("time_format", "currency", *profile)} == {"time_format": "12h", "currency": "JPY", **profile}
    assert studio.api.get(path, who=studio.owner).json == third


def test_a_change_of_nothing_writes_nothing(studio: Studio) -> None:
    path = f"/api/v1/workspaces/{studio.id}"
    said = {"locale": "pt-BR", "week_start": 7, "branding": {"display_name": "North", "colors": {"primary": "#0b6e4f", "background": "#ffffff"}}}
    assert studio.api.patch(path, json=said, who=studio.owner).json["version"] == 2
    before = studio.api.get(path, who=studio.owner)
    entries = studio.api.get("/api/v1/audit", who=studio.owner, workspace=studio.id).json["items"]
    for body in ({}, said, {"branding": {}}, {"branding": {"logo": None}}, {"locale": "pt-BR"}, {"branding": before.json["branding"]}):
        reply = studio.api.patch(path, json=body, who=studio.owner, headers={"If-Match": before.headers["ETag"]})
        assert (reply.status, reply.body, reply.headers["ETag"]) == (200, before.body, before.headers["ETag"]), body
    assert studio.api.get("/api/v1/audit", who=studio.owner, workspace=studio.id).json["items"] == entries
    assert studio.api.patch(path, json={}, who=studio.owner, headers={"If-Match": '"1-workspaces.workspace"'}).status == 412


def test_a_workspace_starts_with_the_profile_it_is_given(server: Api) -> None:
    owner = server.signup()
    body = {"name": "New", "time_format": "12h", "branding": {"display_name": "N", "logo": None}}
    made = server.post("/api/v1/workspaces", json=body, who=owner)
    assert (made.status, made.json["time_format"], made.json["branding"]["display_name"], made.json["version"]) == (201, "12h", "N", 1)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"currency": "XXX"}, "/currency"),
        ({"currency": "eur"}, "/currency"),
        ({"locale": "english"}, "/locale"),
        ({"locale": "pt_BR"}, "/locale"),
        ({"locale": "pt-br"}, "/locale"),
        ({"locale": "en\n"}, "/locale"),
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"week_start": 0}, "/week_start"),
        ({"time_format": "13h"}, "/time_format"),
        ({"branding": {"logo": "http://a.com/x.png"}}, "/branding/logo"),
        ({"branding": {"logo": "data:image/svg+xml;base64,PHN2Zy8+"}}, "/branding/logo"),
        ({"branding": {"logo": "data:image/png;base64," + "A" * 30_000}}, "/branding/logo"),
        ({"branding": {"colors": {"primary": "red", "background": "#ffffff"}}}, "/branding/colors/primary"),
        ({"branding": {"colors": {"primary": "#123456"}}}, "/branding/colors/background"),
        ({"branding": {"colors": {"primary": "#fefefe", "background": "#ffffff"}}}, "/branding/colors/primary"),
        ({"branding": {"colors_dark": {"primary": "#7fd1ae", "background": "#101010", "text": "#222222"}}}, "/branding/colors_dark/text"),
        ({"branding": {"display_name": ""}}, "/branding/display_name"),
        ({"branding": {"css": "x"}}, "/branding/css"),
    ],
)
def test_what_cannot_be_shown_is_refused_where_it_is(studio: Studio, change: dict[str, Any], pointer: str) -> None:
    path = f"/api/v1/workspaces/{studio.id}"
    before = studio.api.get(path, who=studio.owner).body
    refused = studio.api.patch(path, json=change, who=studio.owner)
    assert (refused.status, {fault["pointer"] for fault in refused.json["errors"]}) == (422, {pointer})
    assert studio.api.get(path, who=studio.owner).body == before


@pytest.fixture
def studio(server: Api, settings: Settings) -> Studio:
    owner = server.signup()
    assert settings.dns_zone is not None
    return Studio(server, settings.dns_zone, owner, server.workspace(owner))
