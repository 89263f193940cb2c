"""A client's past: everything this plugin knows, newest first, each entry on exactly one page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from config.settings import Settings
from plugins.clients.repository.timeline import Timeline
from plugins.sdk import Row
from tests.integration.registers import Studio
from tests.servers import Api

ANY = {"If-Match": "*"}


@pytest.fixture
def studio(local: Api, settings: Settings) -> Studio:
    return Studio.new(local, settings)


def timeline(studio: Studio, client: str, limit: int = 200) -> list[dict[str, Any]]:
    """Every page, one after another."""
    found, cursor = [], ""
    while True:
        page = studio.call("GET", f"/{client}/timeline?limit={limit}{cursor}")
        assert page.status == 200, page.body
        assert len(page.json["items"]) <= limit
        found += page.json["items"]
        if page.json["next_cursor"] is None:
            return found
        cursor = f"&cursor={page.json['next_cursor']}"


def told(studio: Studio, client: str) -> list[tuple[str, str]]:
    return [(each["kind"].removeprefix("clients."), each["title"]) for each in timeline(studio, client)]


def test_everything_that_happened_is_told_once_and_in_order(studio: Studio) -> None:
    client = studio.add(full_name="Ana", lifecycle_stage="lead")
    login = studio.member("Cliente", client)
    for stage in ("trial", "client", "client"):
        assert studio.patch(client, {"lifecycle_stage": stage}).status == 200
    private = studio.call("POST", f"/{client}/notes", {"body": "Asks\nabout  the price. " + "x" * 100}).json["id"]
    studio.call("POST", f"/{client}/notes", {"body": "Great month!", "visibility": "shared"})
    holiday = studio.call("POST", f"/{client}/exclusions", {"kind": "holiday", "starts_on": "2026-08-03", "ends_on": "2026-08-16"}).json["id"]
    paper = studio.call("POST", f"/{client}/consents", {"how": "on paper"}).json["id"]
    studio.call("POST", f"/{client}/exclusions", {"kind": "injury", "starts_on": "2026-09-01", "reason": "Torn meniscus"})
    own = studio.call("POST", f"/{client}/consents", {}, who=login).json["id"]
    studio.call("PUT", f"/{client}/health", {"notes": "Asthma"}, headers=ANY)
    studio.call("DELETE", f"/{client}/consents/{own}", who=login)
    studio.delete(client)
    studio.patch(client, {"status": "active"})
    other = studio.add(full_name="Ana S.")
    studio.call("POST", f"/{client}/merge", {"from": other})
    entries = timeline(studio, client)
    assert [(each["kind"].removeprefix("clients."), each["title"]) for each in entries] == [
        ("merged", "Another record became part of this one: Ana S."),
        ("restored", "Brought back"),
        ("archived", "Archived"),
        ("consent_withdrawn", "Consent taken back: health"),
        ("health", "Health data changed"),
        ("consent_given", "Consent given: health"),
        ("exclusion", "Excused: 2026-09-01 until further notice"),
        ("consent_attested", "Consent attested by staff: health"),
        ("exclusion", "Excused: holiday, 2026-08-03 to 2026-08-16"),
        ("shared_note", "Shared note: Great month!"),
        ("note", "Note: Asks about the price. " + "x" * 57 + "…"),
        ("stage", "Stage: client"),
        ("stage", "Stage: trial"),
        ("created", "Added"),
    ]
    references = {each["kind"]: each["reference"] for each in entries}
    assert (references["clients.note"], references["clients.exclusion"], references["clients.consent_attested"]) == (private, holiday, paper)
    assert (references["clients.merged"], references["clients.health"], references["clients.stage"]) == (other, client, client)
    assert {each["plugin"] for each in entries} == {"clients"}
    assert sorted((each["at"] for each in entries), reverse=True) == [each["at"] for each in entries]
    assert not [each for each in entries if "Asthma" in each["title"] or "meniscus" in each["title"]], "that they changed, never what they say"


def test_what_was_taken_away_is_not_told(studio: Studio) -> None:
    client = studio.add(full_name="Ana")
    note = studio.call("POST", f"/{client}/notes", {"body": "x"}).json["id"]
    away = studio.call("POST", f"/{client}/exclusions", {"kind": "holiday", "starts_on": "2026-08-03"}).json["id"]
    assert len(told(studio, client)) == 3
    studio.call("DELETE", f"/{client}/notes/{note}")
    studio.call("DELETE", f"/{client}/exclusions/{away}")
    assert told(studio, client) == [("created", "Added")]


def test_who_came_archived_was_archived_then(studio: Studio) -> None:
    client = studio.add(full_name="Ana", status="archived")
    assert sorted(told(studio, client)) == [("archived", "Archived"), ("created", "Added")]


def test_the_past_of_both_records_is_the_survivors(studio: Studio) -> None:
    kept, gone = studio.add(full_name="Ana"), studio.add(full_name="Bo", lifecycle_stage="lead")
    studio.patch(gone, {"lifecycle_stage": "trial"})
    for client in (kept, gone):
        studio.call("POST", f"/{client}/consents", {"how": "on paper"})
        studio.call("POST", f"/{client}/notes", {"body": client})
    studio.call("POST", f"/{kept}/merge", {"from": gone})
    found = [kind for kind, _ in told(studio, kept)]
    assert sorted(found) == sorted(
        ["merged", "consent_ended", "note", "note", "consent_attested", "consent_attested", "stage", "created"]
    )  # fmt: skip
    assert told(studio, gone) == [("created", "Added")]


def test_a_cliente_has_no_timeline_and_a_limited_collaborator_that_of_their_own_clients(studio: Studio) -> None:
    client, other = studio.add(full_name="Ana"), studio.add(full_name="Bo")
    cliente, limited = studio.member("Cliente", client), studio.member("Colaborador")
    studio.sql("update user_roles set client_scope = 'own' where workspace_id = %s and user_id = %s", studio.id, limited.id)
    studio.patch(client, {"assigned_to": limited.id})
    for shown in (client, other):
        studio.call("POST", f"/{shown}/notes", {"body": "private"})
        assert studio.call("GET", f"/{shown}/timeline", who=cliente).status == 403
    assert studio.call("GET", f"/{client}/timeline", who=limited).json["items"][0]["title"] == "Note: private"
    assert studio.call("GET", f"/{other}/timeline", who=limited).status == 404


def crowded(studio: Studio) -> str:
    """A client with much that happened at the very same moment."""
    client = studio.add(full_name="Ana")
    for n in range(7):
        studio.call("POST", f"/{client}/notes", {"body": f"note {n}", "visibility": ("private", "shared")[n % 2]})
        studio.call("POST", f"/{client}/exclusions", {"kind": "holiday", "starts_on": f"2026-01-0{n + 1}"})
        studio.patch(client, {"lifecycle_stage": ("lead", "client")[n % 2]})
    for table in ("clients_notes", "clients_exclusion"):
        studio.sql(f"update {table} set created_at = '2026-02-01T10:00:00.123456Z' where workspace_id = %s", studio.id)
    studio.sql("update clients_history set at = '2026-02-01T10:00:00.123456Z' where workspace_id = %s", studio.id)
    return client


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 21])
def test_pages_hold_each_entry_once_also_when_everything_happened_at_once(studio: Studio, limit: int) -> None:
    check_pages(studio, crowded(studio), limit)


def test_a_source_without_an_order_among_equals_is_noticed(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    entries, calls = Timeline.entries, []

    def unordered(self: Timeline, client_id: UUID, until: Any, limit: int) -> list[Row]:
        calls.append(limit)
        found = list(entries(self, client_id, until, 200))
        return (found if len(calls) % 2 else found[::-1])[:limit]

    client = crowded(studio)
    monkeypatch.setattr(Timeline, "entries", unordered)
    with pytest.raises(AssertionError):
        check_pages(studio, client, 3)


def check_pages(studio: Studio, client: str, limit: int) -> None:
    whole, paged = timeline(studio, client), timeline(studio, client, limit)
    assert len(whole) == 22
    assert paged == whole
