"""Whoever looks after a client is there to do so, also when both happen at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from tests.integration.registers import Studio
from tests.integration.stopping import Patient
from tests.office import Office
from tests.servers import Api, Cluster, Person, Reply

ORPHANS = (
    "select c.full_name from clients c join user_roles r on r.workspace_id = c.workspace_id and r.user_id = c.assigned_to"
    " where c.workspace_id = %s and (r.ended_at is not null or r.role = 'Cliente')"
)
GIVES = ("post", "patch", "put", "bulk", "merge", "import")


@dataclass
class Place:
    """A studio with somebody who is going, and a client for each way to give them one."""

    patient: Patient
    studio: Studio
    carl: Person
    ana: str
    bea: str

    @property
    def orphans(self) -> list[str]:
        return [row[0] for row in self.studio.sql(ORPHANS, self.studio.id)]

    def give(self, how: str) -> Callable[[Api], Reply | None]:
        """Makes them look after somebody, in this way."""
        carl, ana = self.carl.id, self.ana
        if how == "import":
            sent = self.studio.call("POST", "/import", raw=f"name,trainer\nEva,{self.carl.email}\n".encode(), headers={"Content-Type": "text/csv"})
            assert sent.status == 200, sent.body
            return lambda _: self.work()
        if how == "merge":
            assert self.studio.patch(self.bea, {"assigned_to": carl}).status == 200
        method, path, body, headers = {
            "post": ("POST", "", {"full_name": "New", "assigned_to": carl}, {}),
            "patch": ("PATCH", f"/{ana}", {"assigned_to": carl}, {}),
            "put": ("PUT", f"/{ana}", {"full_name": "Ana", "assigned_to": carl}, {"If-Match": "*"}),
            "bulk": ("POST", "/bulk", {"action": "assign", "ids": [ana], "assigned_to": carl}, {}),
            "merge": ("POST", f"/{ana}/merge", {"from": self.bea}, {}),
        }[how]
        return lambda api: replace(self.studio, api=api).call(method, path, body, headers=headers)

    def work(self) -> None:
        with Office.open(self.patient.settings) as office:
            office.work()

    def go(self, how: str, heir: str | None) -> Callable[[Api], Reply]:
        """They are removed, or become a Cliente."""
        path, query = f"/api/v1/users/{self.carl.id}", f"?reassign_to={heir}" if heir else ""
        if how == "removed":
            return lambda api: api.delete(path + query, **self.studio.staff)
        return lambda api: api.put(f"{path}/role{query}", json={"role": "Cliente"}, **self.studio.staff)


@pytest.mark.parametrize("goes", ["removed", "made a Cliente"])
@pytest.mark.parametrize("gives", GIVES)
def test_who_is_given_a_client_meanwhile_does_not_go_without_an_heir(place: Place, gives: str, goes: str) -> None:
    heir = place.studio.owner.id if gives == "merge" else None
    given, gone = place.patient.meanwhile(place.give(gives), place.go(goes, heir))
    assert given is None or given.status in (200, 201), given.body
    assert place.orphans == []
    assert (gone.status, gone.json["code"]) == (409, "owns_things") if heir is None else gone.status in (200, 204), gone.body


@pytest.mark.parametrize("goes", ["removed", "made a Cliente"])
@pytest.mark.parametrize("gives", GIVES)
def test_who_is_going_is_given_nobody(place: Place, gives: str, goes: str) -> None:
    heir = place.studio.owner.id if gives == "merge" else None
    gone, given = place.patient.meanwhile(place.go(goes, heir), place.give(gives))
    assert gone.status in (200, 204), gone.body
    assert place.orphans == []
    if given is not None and gives == "merge":
        assert (given.status, given.json["assigned_to"]) == (200, heir)
    elif given is not None:
        assert (given.status, given.json["errors"][0]["pointer"]) == (422, "/assigned_to"), given.body


def test_a_merge_does_not_wait_for_who_waits_for_it(place: Place) -> None:
    """It has both records when it sees whose they are; who goes holds themselves first, and waits for the records."""
    merged, gone = place.patient.meanwhile(place.give("merge"), place.go("removed", place.studio.owner.id), table="clients_notes")
    assert merged is not None
    assert (merged.status, merged.json["code"], merged.headers["Retry-After"]) == (409, "busy", "1")
    assert (gone.status, place.orphans) == (204, [])
    assert place.studio.call("POST", f"/{place.ana}/merge", {"from": place.bea}).json["assigned_to"] == place.studio.owner.id


def test_one_who_gives_does_not_wait_for_another(place: Place) -> None:
    """Two at once give the same person a client: only who goes is alone."""
    second = place.give("post")
    first, other = place.patient.meanwhile(place.give("patch"), lambda api: second(api), table="clients_history")
    assert [each.status for each in (first, other) if each] == [200, 201]


@pytest.fixture(scope="module")
def patient(cluster: Cluster) -> Iterator[Patient]:
    with Patient.open(cluster, "fitpro_looked_after") as made:
        yield made


@pytest.fixture
def place(patient: Patient) -> Place:
    studio = Studio.new(patient.api, patient.settings)
    carl = studio.member("Colaborador")
    ana, bea = studio.add(full_name="Ana"), studio.add(full_name="Bea")
    return Place(patient, studio, carl, ana, bea)
