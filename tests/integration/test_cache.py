"""What a plugin keeps, seen from outside: who gets a kept answer, and who has it made anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from tests import keeper
from tests.agenda import Agenda, a_day
from tests.servers import Api, Cluster, Person, add_member


@dataclass
class Studio:
    """A workspace and its members by role."""

    api: Api
    id: str
    people: dict[str, Person]
    asked: int = 0

    def maker(self, role: str = "Owner", *, method: str = "GET", path: str = keeper.URL, key: str = "k", shared: bool = False, **headers: str) -> str:
        """Which request made the answer to this one."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        query = urlencode({"key": key, "shared": str(shared).lower()})
        reply = self.api.request(method, f"{path}?{query}", who=self.people[role], workspace=self.id, headers={"X-Request-Id": self.next(), **told})
        assert reply.status == 200, reply.body
        return str(reply.json["maker"])

    def next(self) -> str:
        self.asked += 1
        return f"{self.id}.{self.asked}"

    @property
    def last(self) -> str:
        """The request before."""
        return f"{self.id}.{self.asked}"


def test_a_kept_answer_is_given_to_the_same_person_and_a_shared_one_to_all(studio: Studio) -> None:
    own = {role: [studio.maker(role) for _ in range(2)] for role in studio.people}
    assert all(first == second for first, second in own.values())
    assert len({maker for maker, _ in own.values()}) == len(own)
    assert len({studio.maker(role, shared=True) for role in studio.people}) == 1


@pytest.mark.parametrize("told", ["no-cache", "No-Cache", "max-age=0, no-cache", "max-age=0 ,\tNO-CACHE", "no-store"])
def test_whoever_asks_for_it_uncached_has_it_made_anew_and_changes_nothing_for_others(studio: Studio, told: str) -> None:
    kept = studio.maker()
    assert studio.maker(Cache_Control=told) == studio.last
    assert studio.maker() == kept
    studio.maker(key="never asked before", Cache_Control=told)
    assert studio.maker(key="never asked before") == studio.last


@pytest.mark.parametrize("told", ["", "max-age=0", "x-no-cache", "no-cache-please", 'private="no-cache"', "no_cache", ",,"])
def test_nothing_else_makes_it_anew(studio: Studio, told: str) -> None:
    kept = studio.maker()
    assert studio.maker(Cache_Control=told) == kept


def test_a_request_that_writes_neither_finds_nor_keeps(studio: Studio) -> None:
    kept = studio.maker()
    assert studio.maker(method="POST") == studio.last
    assert studio.maker() == kept
    studio.maker(method="POST", key="written")
    assert studio.maker(key="written") == studio.last


def test_an_operation_without_a_transaction_keeps_what_is_shared(studio: Studio) -> None:
    path = keeper.URL.replace("answer", "outside")
    assert studio.maker(path=path, shared=True) == studio.maker(shared=True)
    assert studio.maker(path=path, shared=True, Cache_Control="no-cache") == studio.last


def test_a_page_of_another_origin_may_ask_for_it(studio: Studio) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "cache-control"}
    reply = studio.api.request("OPTIONS", keeper.URL, headers=asked)
    assert "Cache-Control" in reply.headers["Access-Control-Allow-Headers"].split(", ")


def test_what_is_shared_of_bookings_is_the_same_for_every_member(studio: Studio, here: Settings) -> None:
    """Rows are hidden from some roles: what they are used for must not depend on it."""
    agenda, day = Agenda.new(studio.api, here), a_day()
    agenda.hours()
    limited = agenda.ask("PUT", f"/api/v1/users/{agenda.people['Eva'].id}/role", {"role": "Colaborador", "client_scope": "own"})
    assert limited.status == 200, limited.body
    service = agenda.service()["id"]
    agenda.booked(day, client_ids=[agenda.clients[1]])
    agenda.booked(day + timedelta(hours=3), client_ids=[agenda.clients[0]])
    anew = {who: agenda.slots(service, day, who=who, fresh=True) for who in agenda.people}
    assert len(set(map(tuple, anew.values()))) == 1
    assert len(anew["Owner"]) == 17, "of 23 half hours that an hour can begin at, two bookings take three each"
    assert all(agenda.slots(service, day, who=who) == anew["Owner"] for who in agenda.people)


@pytest.fixture(scope="module")
def here(cluster: Cluster) -> Settings:
    return cluster.settings(cluster.clone("fitpro_keeper"), cors_origins=("https://app.example",))


@pytest.fixture(scope="module")
def api(here: Settings) -> Iterator[Api]:
    installation = install(here, registry=keeper.registry())
    yield Api(web(installation))
    installation.container.app_pool().close()
    installation.container.auth_pool().close()


@pytest.fixture(scope="module")
def members(api: Api) -> dict[str, Person]:
    return {role: api.signup(role) for role in ("Owner", "Colaborador", "Cliente")}


@pytest.fixture
def studio(api: Api, here: Settings, members: dict[str, Person]) -> Studio:
    made = Studio(api, api.workspace(members["Owner"]), members)
    record = api.post("/api/v1/clients", json={"full_name": "Marta Ferreira"}, who=members["Owner"], workspace=made.id).json["id"]
    add_member(here, made.id, members["Colaborador"], "Colaborador")
    add_member(here, made.id, members["Cliente"], "Cliente", record)
    return made
