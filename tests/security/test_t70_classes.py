"""T70 of classes: who joins, leaves or changes one says which version they read; of many who read the same one wins, and nobody is thrown out."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.settings import Settings
from plugins.bookings.service.classes import Classes
from tests.agenda import Agenda, a_day
from tests.servers import Api, Reply, patiently

WRITERS = 64


def test_t70_of_64_joins_with_one_etag_one_wins(server: Api, settings: Settings) -> None:
    race = Race(server, settings)
    assert race.run(race.join) == {200: 1, 412: WRITERS - 1}
    assert race.now()["seats_taken"] == len(race.now()["client_ids"]) == 1


def test_t70_of_64_joins_and_edits_with_one_etag_one_wins(server: Api, settings: Settings) -> None:
    for _ in range(3):
        race = Race(server, settings, clients=WRITERS)
        assert race.run(race.anything) == {200: 1, 412: WRITERS - 1}
        assert race.now()["version"] == race.version + 1


def test_t70_joins_without_one_all_succeed_and_the_replacement_that_read_none_of_them_is_refused(server: Api, settings: Settings) -> None:
    race = Race(server, settings)
    free = Counter(race.many(lambda api, n: race.join(api, n, tag=None) if n else race.replace(api, n)))
    assert set(free) <= {200, 412}
    found = race.now()
    assert found["seats_taken"] == len(found["client_ids"]) == WRITERS - 1
    assert race.replace(server, 0).status == 412
    assert race.now()["client_ids"] == found["client_ids"]


def test_t70_a_join_whose_version_is_not_compared_is_noticed(local: Api, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control."""
    monkeypatch.setattr(Classes, "check_version", lambda *_: None)
    race = Race(local, settings)
    assert race.run(race.join)[200] > 1


class Race:
    """A class that everybody has read, and a client for each of them."""

    def __init__(self, api: Api, settings: Settings, *, clients: int = WRITERS) -> None:
        self.agenda = Agenda.new(api, settings, clients=clients)
        made = self.agenda.booked(a_day(), capacity=WRITERS, title="Spin")
        self.path, self.version = f"/api/v1/bookings/{made['id']}", made["version"]
        self.etag = self.agenda.get(self.path).headers["ETag"]

    def now(self) -> Any:
        return self.agenda.get(self.path).json

    def send(self, api: Api, method: str, path: str, body: Any, tag: str | None) -> Reply:
        headers = {"Idempotency-Key": uuid.uuid4().hex, **({} if tag is None else {"If-Match": tag})}
        return api.request(method, self.path + path, json=body, who=self.agenda.people["Owner"], workspace=self.agenda.workspace, headers=headers)

    def join(self, api: Api, n: int, *, tag: str | None = "") -> Reply:
        return self.send(api, "POST", "/join", {"client_id": self.agenda.clients[n]}, self.etag if tag == "" else tag)

    def edit(self, api: Api, n: int) -> Reply:
        return self.send(api, "PATCH", "", {"title": f"Spin {n}"}, self.etag)

    def replace(self, api: Api, n: int) -> Reply:
        found = {name: value for name, value in self.agenda.get(self.path).json.items() if name in REPLACED}
        return self.send(api, "PUT", "", {**found, "client_ids": [], "title": f"Spin {n}"}, self.etag)

    def cancel(self, api: Api, n: int) -> Reply:
        return self.send(api, "POST", "/cancel", {"reason": f"Writer {n}"}, self.etag)

    def anything(self, api: Api, n: int) -> Reply:
        return (self.join, self.edit, self.replace, self.cancel)[n % 4](api, n)

    def many(self, ask: Callable[[Api, int], Reply]) -> list[int]:
        """All at once, each over a connection of its own; the statuses they got."""

        def one(n: int) -> int:
            api = self.agenda.api
            own = Api(api.url) if api._wsgi is None else api
            return patiently(lambda: ask(own, n)).status

        with ThreadPoolExecutor(WRITERS) as crowd:
            return list(crowd.map(one, range(WRITERS)))

    def run(self, ask: Callable[[Api, int], Reply]) -> Counter[int]:
        return Counter(self.many(ask))


REPLACED = ("organizer_id", "room_id", "start_time", "end_time", "capacity", "location_kind", "location", "notes")
