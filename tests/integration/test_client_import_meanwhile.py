"""What happens while an import waits or runs: people come and go, others add the same clients, the module is off for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.clients.repository import imports as stored
from tests.integration.registers import Studio
from tests.integration.stopping import Patient
from tests.office import Office
from tests.servers import Cluster, Person

CSV = {"Content-Type": "text/csv"}
ORPHANS = (
    "select count(*) from clients c join user_roles r on r.workspace_id = c.workspace_id and r.user_id = c.assigned_to"
    " where c.workspace_id = %s and r.ended_at is not null"
)


@pytest.fixture(scope="module")
def patient(cluster: Cluster) -> Iterator[Patient]:
    with Patient.open(cluster, "fitpro_meanwhile") as made:
        yield made


@pytest.fixture(scope="module")
def worker(patient: Patient) -> Iterator[Office]:
    with Office.open(patient.settings) as made:
        yield made


@pytest.fixture
def studio(patient: Patient) -> Studio:
    return Studio.new(patient.api, patient.settings)


def send(studio: Studio, content: str, query: str = "", who: Person | None = None) -> str:
    reply = studio.call("POST", f"/import{query}", raw=content.encode(), headers=CSV, who=who)
    assert reply.status == 200, reply.body
    return str(reply.json["id"])


def told(studio: Studio, id: str) -> Any:
    reply = studio.call("GET", f"/imports/{id}")
    assert reply.status == 200, reply.body
    return reply.json


def counts(found: Any) -> tuple[int, ...]:
    return tuple(found[name] for name in ("done", "added", "present", "duplicates", "invalid"))


def people(number: int, trainer: str = "") -> str:
    return "name,email,trainer\n" + "".join(f"Person {n},p{n}@example.com,{trainer}\n" for n in range(number))


def test_who_left_between_two_steps_is_given_nobody_any_more(patient: Patient, studio: Studio, worker: Office) -> None:
    carl = studio.member("Colaborador")
    id = send(studio, people(1_100, carl.email))
    leave = f"/api/v1/users/{carl.id}?reassign_to={studio.owner.id}"
    _, gone = patient.meanwhile(lambda _: worker.work(), lambda api: api.delete(leave, **studio.staff))
    assert gone.status == 204, gone.body
    found = told(studio, id)
    assert (found["state"], counts(found)) == ("done", (1_100, 500, 0, 0, 600))
    assert (found["problems"][0]["row"], found["problems"][0]["column"]) == (502, "trainer")
    assert studio.sql(ORPHANS, studio.id) == [(0,)]


def test_all_or_nothing_is_nothing_when_one_of_them_is_gone(patient: Patient, studio: Studio, worker: Office) -> None:
    carl = studio.member("Colaborador")
    id = send(studio, people(3) + f"Eva,eva@example.com,{carl.email}\n", "?mode=all")
    leave = f"/api/v1/users/{carl.id}"
    gone, _ = patient.meanwhile(lambda api: api.delete(leave, **studio.staff), lambda _: worker.work())
    assert gone.status == 204, gone.body
    assert counts(told(studio, id)) == (4, 0, 0, 0, 1)
    assert studio.find() == []


@pytest.mark.parametrize("how", ["removed", "made a Cliente", "limited"])
def test_who_may_not_import_any_more_adds_nobody(studio: Studio, worker: Office, how: str) -> None:
    carl = studio.member("Colaborador")
    id = send(studio, people(3), who=carl)
    path = f"/api/v1/users/{carl.id}"
    if how == "removed":
        assert studio.api.delete(path, **studio.staff).status == 204
    else:
        role = {"role": "Cliente"} if how == "made a Cliente" else {"role": "Colaborador", "client_scope": "own"}
        assert studio.api.put(f"{path}/role", json=role, **studio.staff).status == 200
    worker.work()
    found = told(studio, id)
    assert (found["state"], counts(found), found["finished_at"] is None) == ("failed", (0,) * 5, False)
    assert "may not import any more" in found["reason"]
    assert studio.find() == []
    assert studio.sql("select count(*) from clients_import_file where workspace_id = %s", studio.id) == [(0,)]


def test_who_is_removed_while_their_import_runs_adds_no_more(patient: Patient, studio: Studio, worker: Office) -> None:
    carl = studio.member("Colaborador")
    id = send(studio, people(1_100), who=carl)
    _, gone = patient.meanwhile(lambda _: worker.work(), lambda api: api.delete(f"/api/v1/users/{carl.id}", **studio.staff))
    assert gone.status == 204, gone.body
    found = told(studio, id)
    assert (found["state"], counts(found)) == ("failed", (500, 500, 0, 0, 0))
    assert studio.sql("select count(*) from clients where workspace_id = %s", studio.id) == [(500,)]


def test_what_an_import_adds_is_added_by_who_started_it(studio: Studio, worker: Office) -> None:
    carl = studio.member("Colaborador")
    found = told(studio, send(studio, people(2), who=carl))
    worker.work()
    audited = "select actor_id::text, actor, count(*) from audit_logs where workspace_id = %s and table_name = 'clients' group by 1, 2"
    assert studio.sql(audited, studio.id) == [(carl.id, "Colaborador", 2)]
    assert (found["state"], found["reason"]) == ("waiting", None)


@pytest.mark.parametrize("most", [2_000, 0], ids=["one by one", "all at once"])
@pytest.mark.parametrize("first", ["import", "post"])
def test_of_an_import_and_a_request_that_add_the_same_person_one_does(
    patient: Patient, studio: Studio, worker: Office, monkeypatch: pytest.MonkeyPatch, first: str, most: int
) -> None:
    monkeypatch.setattr(stored, "_MOST_LOCKS", most)
    id = send(studio, people(3))
    body = {"full_name": "Somebody", "email": "P1@example.com"}
    if first == "import":
        _, posted = patient.meanwhile(lambda _: worker.work(), lambda api: api.post("/api/v1/clients", json=body, **studio.staff))
        assert (posted.status, posted.json["code"]) == (409, "duplicate_client")
    else:
        posted, _ = patient.meanwhile(lambda api: api.post("/api/v1/clients", json=body, **studio.staff), lambda _: worker.work())
        assert posted.status == 201
    assert counts(told(studio, id)) == ((3, 3, 0, 0, 0) if first == "import" else (3, 2, 0, 1, 0))
    assert studio.call("GET", "/duplicates").json["items"] == []


def test_others_are_added_while_an_import_runs(patient: Patient, studio: Studio, worker: Office) -> None:
    """Only who shares a term waits."""
    send(studio, people(3))
    body = {"full_name": "Somebody", "email": "else@example.com"}
    _, posted = patient.meanwhile(
        lambda _: worker.work(), lambda api: api.post("/api/v1/clients", json=body, **studio.staff), table="clients_imported"
    )  # fmt: skip
    assert posted.status == 201


@pytest.mark.parametrize("mode", ["rows", "all"])
def test_what_is_here_already_is_present_whoever_has_left_since(studio: Studio, worker: Office, mode: str) -> None:
    carl = studio.member("Colaborador")
    file = people(2, carl.email)
    send(studio, file, f"?mode={mode}")
    worker.work()
    assert studio.api.delete(f"/api/v1/users/{carl.id}?reassign_to={studio.owner.id}", **studio.staff).status == 204
    again = send(studio, file + "Eva,eva@example.com,\n", f"?mode={mode}")
    assert counts(studio.call("POST", f"/import?dry_run=true&mode={mode}", raw=file.encode(), headers=CSV).json) == (2, 0, 2, 0, 0)
    worker.work()
    assert counts(told(studio, again)) == (3, 1, 2, 0, 0)
    wrong = send(studio, f"name,trainer\nEva,{carl.email}\n", f"?mode={mode}")
    worker.work()
    assert counts(told(studio, wrong)) == (1, 0, 0, 0, 1)


def test_an_import_goes_on_when_the_module_is_on_again(studio: Studio, worker: Office) -> None:
    id = send(studio, people(3))
    modules = f"/api/v1/workspaces/{studio.id}/modules"
    for name, on in (("bookings", False), ("clients", False)):
        assert studio.api.put(f"{modules}/{name}", json={"enabled": on}, **studio.staff).status == 200
    worker.work()
    assert studio.sql("select count(*) from clients where workspace_id = %s", studio.id) == [(0,)]
    assert studio.api.put(f"{modules}/clients", json={"enabled": True}, **studio.staff).status == 200
    assert told(studio, id)["state"] == "skipped"
    worker.work()
    found = told(studio, id)
    assert (found["state"], counts(found)) == ("done", (3, 3, 0, 0, 0))


def test_a_name_that_two_of_the_staff_have_is_not_guessed(studio: Studio, worker: Office) -> None:
    first, second = (studio.member("Colaborador") for _ in range(2))
    studio.sql("update user_roles set full_name = 'María Ruiz' where workspace_id = %s and user_id::text in (%s, %s)", studio.id, first.id, second.id)
    id = send(studio, f"name;trainer\nAna;maria ruiz\nBo;{second.email}\n")
    worker.work()
    found = told(studio, id)
    assert [(each["row"], each["column"], "e-mail address" in each["message"]) for each in found["problems"]] == [(2, "trainer", True)]
    assert [(each["full_name"], each["assigned_to"]) for each in studio.find()] == [("Bo", second.id)]


def test_a_column_stays_what_it_was_when_the_import_began(studio: Studio, worker: Office) -> None:
    """Else `Owner` names nobody any more, and clients come without a word about whom they were to have."""
    carl = studio.member("Colaborador")
    file = f"name,Owner\nEva,{carl.email}\n"
    id = send(studio, file)
    assert studio.api.delete(f"/api/v1/users/{carl.id}", **studio.staff).status == 204
    worker.work()
    found = told(studio, id)
    assert (counts(found), found["file"]["ignored_columns"]) == ((1, 0, 0, 0, 1), [])
    assert [(each["row"], each["column"]) for each in found["problems"]] == [(2, "Owner")]
    fresh = studio.call("POST", "/import?dry_run=true", raw=file.encode(), headers=CSV).json
    assert (counts(fresh), fresh["file"]["ignored_columns"]) == ((1, 1, 0, 0, 0), ["Owner"])


def test_an_import_does_what_its_dry_run_said_where_a_field_of_ones_own_has_a_header_of_two_meanings(studio: Studio, worker: Office) -> None:
    defined = {"type": "object", "properties": {"owner": {"type": "string"}}}
    module = f"/api/v1/workspaces/{studio.id}/modules/clients"
    assert studio.api.put(module, json={"enabled": True, "settings": {"custom_fields": defined}}, **studio.staff).status == 200
    file = "name,Owner,State,Phone,Mobile\nEva,Somebody,CA,600111000,600333000\n"
    seen = studio.call("POST", "/import?dry_run=true", raw=file.encode(), headers=CSV).json
    id = send(studio, file)
    worker.work()
    found = told(studio, id)
    for each in (seen, found):
        assert (counts(each), each["file"]["ignored_columns"], each["problems"]) == ((1, 1, 0, 0, 0), ["State"], [])
    (eva,) = studio.find()
    assert (eva["custom_fields"], eva["assigned_to"], eva["phone"], eva["notes"]) == ({"owner": "Somebody"}, None, "600111000", "Mobile: 600333000")
