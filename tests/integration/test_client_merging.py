"""Two records of one person: health data are chosen and never lost, consents combine to the strictest, and what is merged is history."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from config.settings import Settings
from plugins.clients.service import consents as service
from tests.integration.registers import Studio
from tests.servers import Api, Person

ANY = {"If-Match": "*"}
PAPER = {"how": "on paper"}
STATES = ("none", "attested", "self", "withdrawn_by_staff", "withdrawn_by_self")


@pytest.fixture
def studio(local: Api, settings: Settings) -> Studio:
    return Studio.new(local, settings)


def patient(studio: Studio, notes: str | None) -> str:
    """A client with a consent on paper; notes: what their health data say, None for no data."""
    client = studio.add(full_name="Ana")
    assert studio.call("POST", f"/{client}/consents", PAPER).status == 201
    if notes is not None:
        assert studio.call("PUT", f"/{client}/health", {"notes": notes}, headers=ANY).status == 200
    return client


def merge(studio: Studio, kept: str, gone: str, health: str | None = None, **more: Any) -> Any:
    return studio.call("POST", f"/{kept}/merge", {"from": gone, "fields": {"health": health} if health else {}, **more})


def health_of(studio: Studio, client: str) -> str | None:
    read = studio.call("GET", f"/{client}/health")
    assert read.status == 200, read.body
    return str(read.json["notes"]) if read.json["version"] else None


@pytest.mark.parametrize(
    ("kept_says", "gone_says", "choice", "left", "after"),
    [
        ("knee", "back", "into", False, ("knee", "back")),
        ("knee", "back", "from", False, ("back", "knee")),
        ("knee", "back", None, True, ("knee", "back")),
        ("knee", None, None, False, ("knee", None)),
        ("knee", None, "into", False, ("knee", None)),
        ("knee", None, "from", False, (None, "knee")),
        (None, "back", None, False, ("back", None)),
        (None, "back", "from", False, ("back", None)),
        (None, "back", "into", False, (None, "back")),
        (None, None, "from", False, (None, None)),
    ],
)  # fmt: skip
def test_the_survivor_has_the_health_data_that_were_chosen_and_the_rest_stays_behind(
    studio: Studio, kept_says: str | None, gone_says: str | None, choice: str | None, left: bool, after: tuple[str | None, str | None]
) -> None:
    kept, gone = patient(studio, kept_says), patient(studio, gone_says)
    reply = merge(studio, kept, gone, choice, leave_conflicts=left)
    assert reply.status == 200, reply.body
    assert (health_of(studio, kept), health_of(studio, gone)) == after
    sealed = studio.sql("select sealed from clients_health where workspace_id = %s", studio.id)
    assert not [text for (text,) in sealed if "knee" in text or "back" in text]
    changed = studio.sql("select count(*) from outbox where workspace_id = %s and name = 'clients_health_changed'", studio.id)
    written = (kept_says is not None) + (gone_says is not None)
    assert changed == [(written + (after[0] != kept_says),)]


def test_health_data_of_both_ask_for_a_choice_and_nothing_happens_without_one(studio: Studio) -> None:
    kept, gone = patient(studio, "knee"), patient(studio, "back")
    refused = merge(studio, kept, gone)
    assert (refused.status, refused.json["code"]) == (409, "merge_conflict")
    assert refused.json["conflicts"] == [{"table": "clients_health", "rows": 1, "field": "health"}]
    assert (health_of(studio, kept), health_of(studio, gone)) == ("knee", "back")
    assert studio.get(gone).json["status"] == "active"
    wrong = merge(studio, kept, gone, "both")
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/fields/health")


def test_what_stays_behind_is_read_with_the_survivors_consent_and_seen_by_them(studio: Studio) -> None:
    kept, gone = patient(studio, "knee"), patient(studio, "back")
    assert health_of(studio, gone) == "back"
    login, stranger = studio.member("Cliente", kept), studio.member("Cliente", studio.add(full_name="Bo"))
    assert merge(studio, kept, gone, "into").status == 200
    assert health_of(studio, gone) == "back"
    reads = studio.api.get("/api/v1/audit/reads", who=login, workspace=studio.id).json["items"]
    assert [each["client_id"] for each in reads] == [kept, gone], "the one before the merge as well"
    assert studio.api.get("/api/v1/audit/reads", who=stranger, workspace=studio.id).json["items"] == []
    assert studio.call("GET", f"/{gone}/health", who=login).status == 404
    consent = studio.call("GET", f"/{kept}/consents", who=login).json["items"][0]["id"]
    assert studio.call("DELETE", f"/{kept}/consents/{consent}", who=login).status == 204
    assert {studio.call("GET", f"/{client}/health").status for client in (kept, gone)} == {403}


def test_a_record_merged_twice_over_still_shows_who_read_it(studio: Studio) -> None:
    first, second, third = (patient(studio, None) for _ in range(3))
    for client in (first, second, third):
        health_of(studio, client)
    login = studio.member("Cliente", first)
    assert merge(studio, second, first).status == merge(studio, third, second).status == 200
    reads = studio.api.get("/api/v1/audit/reads", who=login, workspace=studio.id).json["items"]
    assert [each["client_id"] for each in reads] == [third, second, first]
    for who in (login, studio.owner):
        for record, found in ((first, [first]), (second, [second]), (third, [third, second, first])):
            asked = studio.api.get(f"/api/v1/audit/reads?table=clients_health&client_id={record}", who=who, workspace=studio.id).json["items"]
            assert [each["client_id"] for each in asked] == found
        taken = studio.api.get(f"/api/v1/privacy/clients/{third}/export", who=who, workspace=studio.id).json["data"]["privacy"]
        assert len([each for each in taken["reads"] if each["table"] == "clients_health"]) == 3
        assert [each["user_id"] for each in taken["memberships"]] == [login.id]


def test_what_was_merged_is_history(studio: Studio) -> None:
    kept, gone = patient(studio, None), patient(studio, None)
    consent = studio.call("GET", f"/{gone}/consents").json["items"][0]["id"]
    login = studio.member("Cliente", gone)
    assert merge(studio, kept, gone).status == 200
    writes = [
        ("PATCH", "", {"phone": "1001"}), ("PATCH", "", {"notes": "x"}), ("PATCH", "", {"status": "active"}), ("POST", "/notes", {"body": "x"}),
        ("PUT", "", {"full_name": "x"}), ("POST", "/exclusions", {"kind": "sick", "starts_on": "2026-01-01"}), ("POST", "/consents", PAPER),
        ("PUT", "/health", {}), ("DELETE", f"/consents/{consent}", None),
    ]  # fmt: skip
    for method, path, body in writes:
        refused = studio.call(method, f"/{gone}{path}", body, headers=ANY)
        assert (refused.status, refused.json["code"], refused.json["merged_into"]) == (409, "already_merged", kept), (method, path)
    bulk = studio.call("POST", "/bulk", {"action": "tag", "ids": [kept, gone], "tags": ["x"]}).json["results"]
    assert {each["id"]: each["status"] for each in bulk} == {kept: "changed", gone: "refused"}
    assert studio.get(gone).json["merged_into"] == kept
    assert studio.delete(gone).status == 204, "it is archived already"
    assert studio.call("DELETE", f"/{kept}/consents/{consent}", who=login).status == 204, "the consent went with the person"


def test_custom_fields_add_up_unless_one_side_is_chosen(studio: Studio) -> None:
    asked = {"type": "object", "properties": {"goal": {"type": "string"}, "shoes": {"type": "integer"}}, "required": ["goal"]}
    module = f"/api/v1/workspaces/{studio.id}/modules/clients"
    assert studio.api.put(module, json={"enabled": True, "settings": {"custom_fields": asked}}, **studio.staff).status == 200
    after = {}
    for choice in ("", "into", "from"):
        kept = studio.add(full_name="Ana", custom_fields={"goal": "run"}, lifecycle_stage="lead")
        gone = studio.add(full_name="Ana", custom_fields={"goal": "rest", "shoes": 41}, lifecycle_stage="trial")
        chosen = {"custom_fields": choice, "lifecycle_stage": choice} if choice else {}
        merged = studio.call("POST", f"/{kept}/merge", {"from": gone, "fields": chosen})
        after[choice] = merged.json["custom_fields"], merged.json["lifecycle_stage"]
        assert studio.get(gone).json["custom_fields"] == {"goal": "rest", "shoes": 41}
    assert after == {
        "": ({"goal": "run", "shoes": 41}, "lead"), "into": ({"goal": "run"}, "lead"), "from": ({"goal": "rest", "shoes": 41}, "trial"),
    }  # fmt: skip


@pytest.mark.parametrize("into", STATES)
def test_of_two_consents_the_strictest_decides_and_both_stay(studio: Studio, into: str) -> None:
    for of_source in STATES:
        check_consents(studio, into, of_source)


def test_a_merge_that_takes_the_most_lenient_is_noticed(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    decisive = service.decisive
    monkeypatch.setattr(service, "decisive", lambda found: next((each for each in found if each["withdrawn_at"] is None), decisive(found)))
    with pytest.raises(AssertionError):
        check_consents(studio, "attested", "withdrawn_by_self")


def check_consents(studio: Studio, into: str, of_source: str) -> None:
    """Merge two clients whose consents stand so; the state afterwards is that of the stricter, for everything that depends on it."""
    (kept, kept_login), (gone, _) = consenting(studio, into), consenting(studio, of_source)
    listed = [studio.call("GET", f"/{client}/consents").json["items"] for client in (kept, gone)]
    assert merge(studio, kept, gone, leave_conflicts=True).status == 200
    strictest = max(into, of_source, key=STATES.index)
    said = f"{into} and {of_source}"
    assert studio.call("GET", f"/{kept}/health").status == (200 if strictest in ("attested", "self") else 403), said
    now = studio.call("GET", f"/{kept}/consents").json["items"]
    assert {each["id"] for each in now} == {each["id"] for each in itertools.chain(*listed)}, said
    assert sum(each["withdrawn_at"] is None for each in now) == (strictest in ("attested", "self")), said
    before = {each["id"]: each for each in itertools.chain(*listed)}
    for each in now:
        was = before[each["id"]]
        assert each["given_by"] == was["given_by"]
        assert was["withdrawn_at"] is None or (each["withdrawn_at"], each["withdrawn_by"]) == (was["withdrawn_at"], was["withdrawn_by"]), said
        assert each["withdrawn_by"] in {was["withdrawn_by"], "merge"} if was["withdrawn_at"] is None else True, said
    attested = studio.call("POST", f"/{kept}/consents", PAPER)
    code = {"self": "own_consent", "withdrawn_by_self": "withdrawn_by_client"}.get(strictest)
    assert (attested.status, attested.json.get("code")) == ((409, code) if code else (201, None)), said
    assert studio.call("POST", f"/{kept}/consents", {}, who=kept_login).status == 201, "the client may always consent"
    assert studio.call("GET", f"/{kept}/health").status == 200, said


def consenting(studio: Studio, state: str) -> tuple[str, Person]:
    """A client whose consent stands so, and their login."""
    client = studio.add(full_name="Ana")
    login = studio.member("Cliente", client)
    if state == "none":
        return client, login
    own = state in ("self", "withdrawn_by_self")
    given = studio.call("POST", f"/{client}/consents", {} if own else PAPER, **({"who": login} if own else {})).json["id"]
    if state.startswith("withdrawn"):
        assert studio.call("DELETE", f"/{client}/consents/{given}", **({"who": login} if own else {})).status == 204
    return client, login


def test_nobody_becomes_part_of_an_archived_record_who_could_not_be_archived(studio: Studio) -> None:
    """A client with bookings to come is not archived (409 has_bookings), by way of a merge neither."""
    kept, gone = studio.add(full_name="Ana", status="archived"), studio.add(full_name="Ana")
    booking = {"title": "Session", "client_ids": [gone], "start_time": "2030-01-07T09:00:00Z", "end_time": "2030-01-07T10:00:00Z"}
    assert studio.api.post("/api/v1/bookings", json=booking, headers={"Idempotency-Key": "b"}, **studio.staff).status == 201
    assert studio.delete(gone).json["code"] == "has_bookings"
    refused = merge(studio, kept, gone, leave_conflicts=True)
    assert (refused.status, refused.json["code"]) == (409, "client_archived")
    assert [studio.get(each).json["status"] for each in (kept, gone)] == ["archived", "active"]
    assert merge(studio, gone, kept).json["status"] == "active"
    first, second = (studio.add(full_name="Eva", status="archived") for _ in range(2))
    assert merge(studio, first, second).json["status"] == "archived"


def test_tags_that_would_be_too_many_are_told_and_none_is_lost_silently(studio: Studio) -> None:
    ours, theirs = ([f"{side} {n}" for n in range(40)] for side in "ab")
    kept, gone = studio.add(full_name="Ana", tags=ours), studio.add(full_name="Ana", tags=theirs)
    refused = merge(studio, kept, gone)
    assert (refused.status, refused.json["conflicts"]) == (409, [{"table": "clients", "rows": 30, "field": "tags"}])
    assert studio.get(kept).json["tags"] == ours
    merged = studio.call("POST", f"/{kept}/merge", {"from": gone, "fields": {"tags": "from"}})
    assert (merged.status, merged.json["tags"]) == (200, theirs)
    other = studio.add(full_name="Ana", tags=ours)
    left = merge(studio, kept, other, leave_conflicts=True)
    assert (left.status, left.json["tags"], studio.get(other).json["tags"]) == (200, theirs + ours[:10], ours)


def test_who_decided_by_another_version_of_the_survivor_merges_nothing(studio: Studio) -> None:
    kept, gone = studio.add(full_name="Ana", phone="1001"), studio.add(full_name="Ana Souza", email="ana@example.com")
    read = studio.get(kept).headers["ETag"]
    assert studio.patch(kept, {"phone": "1002"}).status == 200
    for tag in (read, '"99-nope"'):
        refused = studio.call("POST", f"/{kept}/merge", {"from": gone}, headers={"If-Match": tag})
        assert (refused.status, refused.json["code"]) == (412, "stale_version")
        assert studio.get(gone).json["merged_into"] is None
    now = studio.get(kept).headers["ETag"]
    assert studio.call("POST", f"/{kept}/merge", {"from": gone}, headers={"If-Match": now}).json["email"] == "ana@example.com"
    assert studio.call("POST", f"/{kept}/merge", {"from": studio.add(full_name="Ana S")}, headers=ANY).status == 200
