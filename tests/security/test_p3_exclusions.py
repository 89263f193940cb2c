"""P3: exclusions that tell health are under the same consent; without it the staff reads when and how much, and nothing tells which those are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from config.settings import Settings
from plugins.clients.service import exclusions as service
from tests.security.clinics import Clinic
from tests.servers import Api, Reply, owner_of

INJURY = {"kind": "injury", "starts_on": "2026-03-10", "ends_on": "2026-03-20", "reason": "Torn meniscus ñ", "expected_adherence": 20}
SICK = {"kind": "sick", "starts_on": "2026-02-10", "ends_on": None, "reason": "Influenza", "expected_adherence": 0}
HOLIDAY = {"kind": "holiday", "starts_on": "2026-01-10", "ends_on": "2026-01-20", "reason": "Azores", "expected_adherence": 40}
OTHER = {"kind": "other", "starts_on": "2026-01-01", "ends_on": "2026-01-02", "reason": None, "expected_adherence": 60}
STAFF = ("Owner", "Colaborador")
ANY = {"If-Match": "*"}
Case = Callable[[Clinic], None]


def withheld(exclusion: dict[str, Any]) -> dict[str, Any]:
    return {**exclusion, "kind": "other", "reason": None}


def said(exclusion: dict[str, Any]) -> dict[str, Any]:
    return {name: exclusion[name] for name in INJURY}


def listed(c: Clinic, who: str) -> list[dict[str, Any]]:
    return [said(each) for each in c.ask(who, "GET", "exclusions").json["items"]]


def without_its_own(record: dict[str, Any]) -> dict[str, Any]:
    """What one record says that another could say as well."""
    own = {"id", "created_at", "updated_at", "removed_at", "request_id", "instance"}
    return {name: value for name, value in record.items() if name not in own}


def excuse(c: Clinic, exclusion: dict[str, Any], who: str = "Colaborador") -> Reply:
    return c.ask(who, "POST", "exclusions", json=exclusion)


def excused(c: Clinic, *exclusions: dict[str, Any]) -> list[str]:
    """With the client's own consent; their addresses."""
    assert c.give("Cliente").status == 201
    made = [excuse(c, each) for each in exclusions]
    assert [reply.status for reply in made] == [201] * len(made)
    return [f"exclusions/{reply.json['id']}" for reply in made]


def _refused(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status, reply.body
    assert reply.json["code"] == code


def without_a_consent_nobody_writes_what_tells_health(c: Clinic) -> None:
    for who in STAFF:
        for exclusion in (INJURY, SICK):
            _refused(excuse(c, exclusion, who), 403, "consent_required")
    assert listed(c, "Owner") == []


def without_a_consent_holidays_and_others_are_everyday_work(c: Clinic) -> None:
    for exclusion in (HOLIDAY, {**OTHER, "reason": "Moves house"}):
        path = f"exclusions/{excuse(c, exclusion).json['id']}"
        assert said(c.ask("Owner", "GET", path).json) == exclusion
        changed = {**exclusion, "expected_adherence": 10}
        assert said(c.ask("Colaborador", "PUT", path, json=changed, headers=ANY).json) == changed
        _refused(c.ask("Colaborador", "PUT", path, json=SICK, headers=ANY), 403, "consent_required")
        assert said(c.ask("Owner", "GET", path).json) == changed
    assert c.reads() == []


def with_a_consent_the_staff_writes_and_everybody_reads(c: Clinic) -> None:
    excused(c, HOLIDAY, SICK, INJURY)
    assert [listed(c, who) for who in c.people] == [[INJURY, SICK, HOLIDAY]] * 3


def taken_back_the_staff_reads_when_and_how_much(c: Clinic) -> None:
    injury, holiday = excused(c, INJURY, HOLIDAY)
    c.withdraw("Cliente")
    for who in STAFF:
        assert listed(c, who) == [withheld(INJURY), HOLIDAY]
        assert said(c.ask(who, "GET", injury).json) == withheld(INJURY)
        assert said(c.ask(who, "GET", holiday).json) == HOLIDAY
        assert [each["starts_on"] for each in c.ask(who, "GET", "exclusions?on=2026-03-15").json["items"]] == [INJURY["starts_on"]]


def taken_back_the_client_still_reads_their_own(c: Clinic) -> None:
    (injury,) = excused(c, INJURY)
    c.withdraw("Cliente")
    assert listed(c, "Cliente") == [INJURY]
    assert said(c.ask("Cliente", "GET", injury).json) == INJURY


def taken_back_nobody_writes_what_tells_health(c: Clinic) -> None:
    injury, holiday = excused(c, INJURY, HOLIDAY)
    c.withdraw("Colaborador")
    for path in (injury, holiday):
        _refused(c.ask("Owner", "PUT", path, json=SICK, headers=ANY), 403, "consent_required")
    _refused(excuse(c, SICK), 403, "consent_required")
    assert listed(c, "Cliente") == [INJURY, HOLIDAY]


def given_anew_it_reads_as_before_also_for_who_kept_what_was_left(c: Clinic) -> None:
    (injury,) = excused(c, INJURY)
    before = c.ask("Owner", "GET", injury)
    c.withdraw("Cliente")
    kept = c.ask("Owner", "GET", injury, headers={"If-None-Match": before.headers["ETag"]})
    assert (kept.status, said(kept.json)) == (200, withheld(INJURY)), "a tag from before does not say that nothing changed"
    assert c.ask("Owner", "GET", injury, headers={"If-None-Match": kept.headers["ETag"]}).status == 304
    c.give("Cliente")
    again = c.ask("Owner", "GET", injury, headers={"If-None-Match": kept.headers["ETag"]})
    assert (again.status, again.json, again.headers["ETag"]) == (200, before.json, before.headers["ETag"])


def what_is_withheld_looks_like_any_other(c: Clinic) -> None:
    """Its answers, the answers to what is done with it and what the audit log says, against one that is no secret."""
    secret, plain = excused(c, INJURY, {**INJURY, "kind": "other", "reason": None})
    c.withdraw("Cliente")

    def shape(path: str) -> list[Any]:
        id = path.rpartition("/")[2]
        read = c.ask("Owner", "GET", path)
        tag = {"If-Match": read.headers["ETag"]}
        same = {**said(read.json), "ends_on": "2026-03-25"}
        replies = [
            read,
            c.ask("Owner", "PUT", path, json=same, headers={"If-Match": '"9-clients.exclusion"'}),
            c.ask("Owner", "PUT", path, json=same, headers=tag),
            c.ask("Owner", "PUT", path, json=INJURY, headers=ANY),
            c.ask("Owner", "GET", path),
            c.ask("Owner", "DELETE", path, headers=tag),
            c.ask("Owner", "DELETE", path, headers=ANY),
        ]
        log = c.api.get(f"/api/v1/audit?record_id={id}", who=c.people["Owner"], workspace=c.workspace).json["items"]
        assert len(log) == 3
        replied = [(reply.status, without_its_own(reply.json)) for reply in replies[:-1]]
        logged = [without_its_own(entry[when] or {}) for entry in log for when in ("before", "after")]
        return [replied, logged, [reply.headers.get("ETag", "").rpartition(".")[0] for reply in replies]]

    assert shape(secret) == shape(plain)


def other_days_for_what_is_withheld_lose_nothing(c: Clinic) -> None:
    (injury,) = excused(c, INJURY)
    c.withdraw("Cliente")
    moved = {**withheld(INJURY), "ends_on": "2026-04-01", "expected_adherence": 50}
    replied = c.ask("Colaborador", "PUT", injury, json=moved, headers={"If-Match": c.ask("Colaborador", "GET", injury).headers["ETag"]})
    assert (replied.status, said(replied.json), replied.json["version"]) == (200, moved, 2)
    assert listed(c, "Cliente") == [{**moved, "kind": "injury", "reason": INJURY["reason"]}]
    assert said(c.ask("Owner", "PUT", injury, json={**HOLIDAY}, headers=ANY).json) == HOLIDAY
    assert listed(c, "Cliente") == [HOLIDAY], "what they say it is, it is"


def with_a_consent_the_staff_may_say_that_it_was_something_else(c: Clinic) -> None:
    (injury,) = excused(c, INJURY)
    assert c.ask("Owner", "PUT", injury, json=withheld(INJURY), headers=ANY).status == 200
    assert listed(c, "Cliente") == [withheld(INJURY)]


def removing_is_always_allowed(c: Clinic) -> None:
    injury, sick = excused(c, INJURY, SICK)
    c.withdraw("Cliente")
    assert c.ask("Colaborador", "DELETE", injury).status == 204
    assert c.ask("Owner", "DELETE", sick, headers={"If-Match": c.ask("Owner", "GET", sick).headers["ETag"]}).status == 204
    assert listed(c, "Cliente") == []


def every_reading_is_recorded_like_one_of_health_data_and_no_more(c: Clinic) -> None:
    injury, holiday = excused(c, INJURY, HOLIDAY)
    tag = c.ask("Owner", "GET", injury).headers["ETag"]
    assert c.ask("Colaborador", "GET", "exclusions").status == c.ask("Cliente", "GET", injury).status == 200
    assert c.ask("Owner", "GET", injury, headers={"If-None-Match": tag}).status == 304
    assert c.ask("Owner", "GET", holiday).status == c.ask("Owner", "GET", "exclusions?on=2026-01-15").status == 200
    c.withdraw("Cliente")
    for path in (injury, "exclusions"):
        assert c.ask("Owner", "GET", path).status == 200
    reads = c.reads()
    wanted = [c.people[who].id for who in ("Owner", "Cliente", "Colaborador", "Owner")]
    assert [read["actor_id"] for read in reads] == wanted, "304 is a reading, what is withheld or tells no health is not"
    assert {(read["table"], read["record_id"], read["client_id"], read["purpose"]) for read in reads} == {
        ("clients_health", c.client, c.client, "health")
    }


def another_clients_consent_opens_nothing(c: Clinic) -> None:
    excused(c, INJURY)
    _refused(c.ask("Owner", "POST", "exclusions", client=c.other, json=INJURY), 403, "consent_required")
    assert c.ask("Owner", "PUT", f"exclusions/{c.client}", client=c.other, json=HOLIDAY, headers=ANY).status == 404


def the_timeline_tells_when_and_never_why(c: Clinic) -> None:
    excused(c, INJURY, HOLIDAY, {**OTHER, "reason": "Moves house"})
    for _ in ("with a consent", "without"):
        items = c.ask("Owner", "GET", "timeline").json["items"]
        assert sorted(each["title"] for each in items if each["kind"] == "clients.exclusion") == [
            "Excused: 2026-01-01 to 2026-01-02", "Excused: 2026-03-10 to 2026-03-20", "Excused: holiday, 2026-01-10 to 2026-01-20",
        ]  # fmt: skip
        c.withdraw("Cliente")
    assert c.reads() == []


def an_export_holds_what_its_reader_may_read(c: Clinic) -> None:
    excused(c, INJURY, HOLIDAY)
    path = f"/api/v1/privacy/clients/{c.client}/export"

    def exported(who: str) -> list[dict[str, Any]]:
        reply = c.api.get(path, who=c.people[who], workspace=c.workspace)
        return [said(each) for each in reply.json["data"]["clients"]["exclusions"]]

    assert exported("Owner") == exported("Cliente") == [INJURY, HOLIDAY]
    c.withdraw("Cliente")
    assert (exported("Owner"), exported("Cliente")) == ([withheld(INJURY), HOLIDAY], [INJURY, HOLIDAY])


def merged_into_a_record_whose_consent_was_taken_back_it_is_withheld(c: Clinic) -> None:
    excused(c, INJURY)
    given = c.ask("Owner", "POST", "consents", client=c.other, json={"how": "On paper."}).json["id"]
    assert c.ask("Owner", "POST", "exclusions", client=c.other, json=SICK).status == 201
    assert c.ask("Owner", "DELETE", f"consents/{given}", client=c.other).status == 204
    assert c.ask("Owner", "POST", "merge", json={"from": c.other}).status == 200
    assert listed(c, "Owner") == [withheld(INJURY), withheld(SICK)]
    assert listed(c, "Cliente") == [INJURY, SICK]


def an_api_key_needs_the_scope_of_health_data(c: Clinic) -> None:
    (injury,) = excused(c, INJURY)
    keys = {}
    for scopes in (("clients:read", "clients:write"), ("clients:read", "clients:write", "clients:health")):
        made = c.api.post(f"/api/v1/workspaces/{c.workspace}/keys", json={"name": "k", "scopes": scopes}, who=c.people["Owner"])
        keys[len(scopes)] = made.json["key"]

    def ask(key: str, method: str, path: str, **options: Any) -> Reply:
        return c.api.request(method, f"/api/v1/clients/{c.client}/{path}", who=key, **options)

    assert said(ask(keys[2], "GET", injury).json) == withheld(INJURY)
    _refused(ask(keys[2], "POST", "exclusions", json=SICK), 403, "scope_required")
    assert ask(keys[2], "POST", "exclusions", json=HOLIDAY).status == 201
    assert c.reads() == []
    assert said(ask(keys[3], "GET", injury).json) == INJURY
    assert ask(keys[3], "POST", "exclusions", json=SICK).status == 201
    assert len(c.reads()) == 1


CASES: tuple[Case, ...] = (
    without_a_consent_nobody_writes_what_tells_health, without_a_consent_holidays_and_others_are_everyday_work,
    with_a_consent_the_staff_writes_and_everybody_reads, taken_back_the_staff_reads_when_and_how_much,
    taken_back_the_client_still_reads_their_own, taken_back_nobody_writes_what_tells_health,
    given_anew_it_reads_as_before_also_for_who_kept_what_was_left, what_is_withheld_looks_like_any_other,
    other_days_for_what_is_withheld_lose_nothing, with_a_consent_the_staff_may_say_that_it_was_something_else, removing_is_always_allowed,
    every_reading_is_recorded_like_one_of_health_data_and_no_more, another_clients_consent_opens_nothing,
    the_timeline_tells_when_and_never_why, an_export_holds_what_its_reader_may_read,
    merged_into_a_record_whose_consent_was_taken_back_it_is_withheld, an_api_key_needs_the_scope_of_health_data,
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_p3_consent_decides_about_exclusions_too(clinic: Clinic, case: Case) -> None:
    case(clinic)


@pytest.mark.parametrize(
    ("fault", "case"),
    [
        ({"consented": lambda _: None}, taken_back_nobody_writes_what_tells_health),
        ({"may_read": lambda _: True}, taken_back_the_staff_reads_when_and_how_much),
        ({"tells_health": lambda kind: kind == "injury"}, without_a_consent_nobody_writes_what_tells_health),
        ({"looks_withheld": lambda _: False}, other_days_for_what_is_withheld_lose_nothing),
    ],
)  # fmt: skip
def test_p3_a_service_that_does_not_ask_is_noticed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], case: Case) -> None:
    for name, broken in fault.items():
        monkeypatch.setattr(service, name, broken)
    with pytest.raises(AssertionError):
        case(clinic)


def test_p3_a_reading_of_an_exclusion_without_a_trace_is_noticed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.clients.repository.health.HealthRecords.read", lambda *_: None)
    with pytest.raises(AssertionError, match="304 is a reading"):
        every_reading_is_recorded_like_one_of_health_data_and_no_more(clinic)


def test_p3_no_event_tells_of_an_exclusion(clinic: Clinic, settings: Settings) -> None:
    excused(clinic, INJURY)
    with owner_of(settings) as connection:
        rows = connection.execute("select name, payload::text from outbox where workspace_id = %s", (clinic.workspace,)).fetchall()
    assert "clients_consent_given" in {name for name, _ in rows}
    assert not [payload for _, payload in rows if "injury" in payload or "meniscus" in payload]


@pytest.fixture
def clinic(local: Api, settings: Settings) -> Clinic:
    return Clinic.new(local, settings)
