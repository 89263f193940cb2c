"""T52, downloads in parts: one export however long the trail is, and nobody goes on with what they did not begin."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

from adapters.http import parts
from config.bootstrap import install, web
from config.settings import Settings
from plugins.privacy.service import trail
from tests.servers import Api, Person, Reply, add_member

QUOTA, ENTRIES = 5, 14
AUDIT = "/api/v1/audit/export"


@pytest.fixture
def limited(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The product in this process, with the default quota of exports and parts of two entries."""
    monkeypatch.setattr(trail, "PART", 2)
    return Api(web(install(dataclasses.replace(settings, home=tmp_path, workers=2, limit_exports=QUOTA))))


def studio(api: Api) -> tuple[Person, str]:
    """An Owner and a workspace with a trail of more parts than there are exports."""
    owner = api.signup()
    made = api.workspace(owner)
    for n in range(ENTRIES - 2):
        assert api.patch(f"/api/v1/workspaces/{made}", who=owner, json={"name": f"Studio {n}"}).status == 200
    return owner, made


def link(reply: Reply) -> str:
    return str(reply.headers.get("Link", "")).partition(">")[0].removeprefix("<")


def test_a_trail_of_more_parts_than_exports_is_taken_out_whole_and_counts_once(limited: Api) -> None:
    owner, _ = studio(limited)
    listed = [entry["id"] for entry in limited.get("/api/v1/audit?table=workspaces", who=owner).json["items"]]
    found, target, asked = [], f"{AUDIT}?table=workspaces", 0
    while target:
        reply = limited.get(target, who=owner)
        assert reply.status == 200, reply.body
        found += [json.loads(line)["id"] for line in reply.body.splitlines()]
        target, asked = link(reply), asked + 1
    assert found == listed
    assert asked > QUOTA
    assert [limited.get(AUDIT, who=owner).status for _ in range(QUOTA)] == [200] * (QUOTA - 1) + [429]
    reads = limited.get("/api/v1/audit?action=read&limit=200", who=owner).json["items"]
    assert len(reads) == asked + QUOTA - 1, "each part leaves its own entry"


def test_beginning_anew_at_an_entry_counts(limited: Api) -> None:
    owner, _ = studio(limited)
    entry = limited.get("/api/v1/audit", who=owner).json["items"][0]["id"]
    assert [limited.get(f"{AUDIT}?before={entry}", who=owner).status for _ in range(QUOTA + 1)] == [200] * QUOTA + [429]


def test_nobody_goes_on_with_what_they_did_not_begin(limited: Api, settings: Settings) -> None:
    owner, workspace = studio(limited)
    colleague = limited.signup()
    add_member(settings, workspace, colleague, "Owner")
    other = limited.workspace(owner)
    target = link(limited.get(f"{AUDIT}?action=update", who=owner, workspace=workspace))
    assert limited.get(target, who=owner, workspace=workspace).status == 200
    lists = limited.get("/api/v1/audit?action=update&limit=1", who=owner, workspace=workspace).json["next_cursor"]
    wrong = [
        limited.get(target, who=colleague, workspace=workspace),
        limited.get(target, who=owner, workspace=other),
        limited.get(target.replace("action=update", "action=insert"), who=owner, workspace=workspace),
        limited.get(target + "A", who=owner, workspace=workspace),
        limited.get(f"{AUDIT}?action=update&part={lists}", who=owner, workspace=workspace),
    ]
    assert [(reply.status, reply.json["code"]) for reply in wrong] == [(400, "invalid_part")] * len(wrong)
    place = target.partition("part=")[2]
    assert place
    listed = limited.get(f"/api/v1/audit?action=update&cursor={place}", who=owner, workspace=workspace)
    assert (listed.status, listed.json["code"]) == (400, "invalid_cursor")


def test_a_download_is_over_an_hour_after_it_was_begun(limited: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, _ = studio(limited)
    target = link(limited.get(AUDIT, who=owner))
    again = link(limited.get(target, who=owner))
    monkeypatch.setattr(parts, "LASTS", dt.timedelta(seconds=-1))
    for each in (target, again):
        over = limited.get(each, who=owner)
        assert (over.status, over.json["code"]) == (400, "invalid_part")
