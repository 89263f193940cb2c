"""P3: health data only with a consent in force; taken back, staff reads nothing; every reading leaves a trace that its client sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from plugins.clients.service import health as service
from tests.security.clinics import HEALTH, PAPER, Clinic
from tests.servers import Api, Reply, owner_of

OPEN = {"Owner": 200, "Colaborador": 200, "Cliente": 200}
CLOSED = {"Owner": 403, "Colaborador": 403, "Cliente": 200}
Case = Callable[[Clinic], None]


def _refused(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status, reply.body
    assert reply.json["code"] == code


def without_any_consent_staff_reads_nothing(c: Clinic) -> None:
    assert c.statuses() == CLOSED
    _refused(c.ask("Owner", "GET"), 403, "consent_required")


def without_any_consent_nobody_writes(c: Clinic) -> None:
    for who in c.people:
        _refused(c.write(who), 403, "consent_required")
    assert c.ask("Cliente", "GET").json["version"] == 0


def the_client_consents_and_staff_reads_and_writes(c: Clinic) -> None:
    reply = c.give("Cliente")
    assert (reply.json["given_by"], reply.json["recorded_by"]) == ("self", c.people["Cliente"].id)
    assert c.write("Colaborador").status == 200
    assert c.statuses() == OPEN


def staff_attests_with_who_when_and_how(c: Clinic) -> None:
    when = "2026-03-01T10:00:00Z"
    reply = c.give("Colaborador", {**PAPER, "given_at": when})
    given = reply.json
    assert (given["given_by"], given["recorded_by"], given["how"], given["given_at"]) == (
        "staff_attested",
        c.people["Colaborador"].id,
        "Signed on paper.",
        when,
    )
    assert c.statuses() == OPEN


def an_attestation_without_how_is_refused(c: Clinic) -> None:
    for how in ({}, {"how": None}, {"how": "  "}, {"how": ""}):
        reply = c.give("Owner", how)
        assert reply.status == 422
        assert [fault["pointer"] for fault in reply.json["errors"]] == ["/how"] * len(reply.json["errors"])
    assert c.statuses() == CLOSED


def a_consent_to_come_is_refused(c: Clinic) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert c.give("Owner", {**PAPER, "given_at": later}).json["errors"][0]["pointer"] == "/given_at"
    assert c.statuses() == CLOSED


def nobody_says_who_gave_it(c: Clinic) -> None:
    for name in ("given_by", "recorded_by", "withdrawn_at", "client_id"):
        assert c.give("Owner", {**PAPER, name: "self"}).status == 422
    assert c.give("Owner", {**PAPER, "purpose": "marketing"}).status == 422
    assert c.statuses() == CLOSED


def taken_back_by_the_client_staff_reads_nothing_and_the_client_still_does(c: Clinic) -> None:
    c.give("Cliente")
    c.write()
    assert c.withdraw("Cliente").status == 204
    assert c.statuses() == CLOSED
    assert c.ask("Cliente", "GET").json["conditions"] == ["asthma"]


def taken_back_nobody_writes(c: Clinic) -> None:
    c.give("Cliente")
    c.write()
    c.withdraw("Cliente")
    for who in c.people:
        _refused(c.write(who), 403, "consent_required")


def taken_back_by_staff_staff_reads_nothing(c: Clinic) -> None:
    c.give("Owner")
    assert c.write().status == 200
    assert c.withdraw("Colaborador").status == 204
    assert c.statuses() == CLOSED


def taken_back_by_the_client_staff_cannot_attest_it_anew(c: Clinic) -> None:
    c.give("Owner")
    c.withdraw("Cliente")
    _refused(c.give("Owner"), 409, "withdrawn_by_client")
    assert c.statuses() == CLOSED
    assert c.give("Cliente").status == 201
    assert c.statuses() == OPEN


def taken_back_by_staff_it_may_be_attested_anew(c: Clinic) -> None:
    c.give("Owner")
    c.withdraw("Owner")
    assert c.give("Owner").status == 201
    assert c.statuses() == OPEN


def the_word_of_staff_does_not_replace_the_clients(c: Clinic) -> None:
    c.give("Cliente")
    _refused(c.give("Owner"), 409, "own_consent")
    assert c.statuses() == OPEN


def the_clients_word_replaces_that_of_staff(c: Clinic) -> None:
    c.give("Owner")
    assert c.give("Cliente").status == 201
    listed = c.ask("Owner", "GET", "consents").json["items"]
    assert [(each["given_by"], each["withdrawn_at"] is None) for each in listed] == [("self", True), ("staff_attested", False)]
    assert c.statuses() == OPEN


def an_old_consent_taken_back_again_does_not_touch_the_new_one(c: Clinic) -> None:
    c.give("Owner")
    c.withdraw("Owner")
    c.give("Owner")
    assert c.withdraw("Owner", c.consents[0]).status == 204
    assert c.statuses() == OPEN


def a_tag_from_before_does_not_open_what_is_closed(c: Clinic) -> None:
    c.give("Owner")
    tag = c.write().headers["ETag"]
    c.withdraw("Owner")
    assert c.ask("Owner", "GET", headers={"If-None-Match": tag}).status == 403


def another_client_is_not_covered(c: Clinic) -> None:
    c.give("Cliente")
    _refused(c.ask("Owner", "GET", client=c.other), 403, "consent_required")
    assert c.ask("Owner", "DELETE", f"consents/{c.consents[-1]}", client=c.other).status == 404
    assert c.statuses() == OPEN


def a_cliente_has_no_way_to_anothers(c: Clinic) -> None:
    for method, path, options in (
        ("GET", "health", {}), ("PUT", "health", {"json": HEALTH, "headers": {"If-Match": "*"}}),
        ("GET", "consents", {}), ("POST", "consents", {"json": {}}), ("DELETE", f"consents/{c.other}", {}),
    ):  # fmt: skip
        assert c.ask("Cliente", method, path, client=c.other, **options).status == 404, (method, path)


def every_reading_is_recorded_and_the_client_sees_by_whom(c: Clinic) -> None:
    c.give("Cliente")
    tag = c.write().headers["ETag"]
    for who in ("Owner", "Colaborador", "Cliente", "Owner"):
        assert c.ask(who, "GET").status == 200
    assert c.ask("Owner", "GET", headers={"If-None-Match": tag}).status == 304
    c.withdraw("Cliente")
    c.ask("Owner", "GET")
    reads = c.reads()
    wanted = [c.people[who].id for who in ("Owner", "Owner", "Cliente", "Colaborador", "Owner")]
    assert [read["actor_id"] for read in reads] == wanted, "304 is a reading, a refusal is not"
    assert {(read["table"], read["client_id"], read["purpose"]) for read in reads} == {("clients_health", c.client, "health")}


def what_was_written_reads_back_exactly(c: Clinic) -> None:
    c.give("Cliente")
    assert c.ask("Owner", "GET").headers["ETag"].startswith('"0-')
    written = c.write(tag=c.ask("Owner", "GET").headers["ETag"])
    assert written.status == 200, written.body
    read = c.ask("Colaborador", "GET").json
    assert {name: read[name] for name in HEALTH} == HEALTH == {name: written.json[name] for name in HEALTH}
    assert (read["version"], c.write(tag='"0-clients.health"').status, c.write(body={}, tag=written.headers["ETag"]).status) == (1, 412, 200)
    emptied = c.ask("Owner", "GET").json
    assert (emptied["conditions"], emptied["baseline"], emptied["version"]) == ([], None, 2)


CASES: tuple[Case, ...] = (
    without_any_consent_staff_reads_nothing, without_any_consent_nobody_writes, the_client_consents_and_staff_reads_and_writes,
    staff_attests_with_who_when_and_how, an_attestation_without_how_is_refused, a_consent_to_come_is_refused, nobody_says_who_gave_it,
    taken_back_by_the_client_staff_reads_nothing_and_the_client_still_does, taken_back_nobody_writes, taken_back_by_staff_staff_reads_nothing,
    taken_back_by_the_client_staff_cannot_attest_it_anew, taken_back_by_staff_it_may_be_attested_anew,
    the_word_of_staff_does_not_replace_the_clients, the_clients_word_replaces_that_of_staff,
    an_old_consent_taken_back_again_does_not_touch_the_new_one, a_tag_from_before_does_not_open_what_is_closed, another_client_is_not_covered,
    a_cliente_has_no_way_to_anothers, every_reading_is_recorded_and_the_client_sees_by_whom, what_was_written_reads_back_exactly,
)  # fmt: skip


def test_p3_there_are_20_cases() -> None:
    assert len(set(CASES)) == 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_p3_consent_decides(clinic: Clinic, case: Case) -> None:
    case(clinic)


def test_p3_a_service_that_does_not_ask_is_noticed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "consented", lambda _: None)
    with pytest.raises(AssertionError):
        without_any_consent_staff_reads_nothing(clinic)
    with pytest.raises(AssertionError):
        taken_back_nobody_writes(clinic)


def test_p3_a_reading_without_a_trace_is_noticed(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.clients.repository.health.HealthRecords.read", lambda *_: None)
    with pytest.raises(AssertionError, match="a refusal is not"):
        every_reading_is_recorded_and_the_client_sees_by_whom(clinic)


def test_p3_the_events_tell_that_something_changed_and_not_what(clinic: Clinic, settings: Settings) -> None:
    clinic.give("Cliente")
    clinic.write()
    clinic.withdraw("Cliente")
    with owner_of(settings) as connection:
        rows = connection.execute("select name, payload from outbox where workspace_id = %s order by id", (clinic.workspace,)).fetchall()
    consent = {"client_id": clinic.client, "purpose": "health"}
    told = {"clients_consent_given": consent, "clients_health_changed": {"client_id": clinic.client}, "clients_consent_withdrawn": consent}
    assert {name: payload for name, payload in rows if name in told} == told


@pytest.fixture
def clinic(local: Api, settings: Settings) -> Clinic:
    return Clinic.new(local, settings)


def test_a_date_that_cannot_be_is_refused_with_its_place(clinic: Clinic) -> None:
    assert clinic.give("Cliente").status == 201
    injuries = [{"description": "Knee", "since": "2026-05-01", "until": "2026-01-01"}, {"description": "Elbow", "since": "2190-01-01"}]
    refused = clinic.write(body={**HEALTH, "injuries": injuries, "baseline": {"measured_on": "2190-01-01"}})
    assert refused.status == 422
    assert {each["pointer"] for each in refused.json["errors"]} == {"/injuries/0/until", "/injuries/1/since", "/baseline/measured_on"}
    assert clinic.ask("Owner", "GET").json["version"] == 0
