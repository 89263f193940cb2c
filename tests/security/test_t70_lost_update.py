"""T70: of writers who read the same version one wins; the others are told, and nothing they sent is kept."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adapters.http.gateway import Gateway
from tests.servers import Api, Person, Reply, patiently

WRITERS = 64


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_t70_of_64_writers_with_one_etag_one_wins(server: Api, method: str) -> None:
    race = Race(server)
    statuses = race.run(method, server)
    assert statuses == {200: 1, 412: WRITERS - 1}
    assert race.client()["full_name"] == race.winner
    assert race.client()["version"] == 2


def test_t70_of_64_deletions_with_one_etag_one_wins(server: Api) -> None:
    race = Race(server)
    assert race.run("DELETE", server) == {204: 1, 412: WRITERS - 1}


def test_t70_put_without_if_match_is_428_and_with_an_old_one_412(server: Api) -> None:
    race = Race(server)
    body = {"full_name": "Nobody"}
    assert race.send("PUT", body, None).status == 428
    for tag in ('"0-clients.client"', '"2-clients.client"', '"1-clients.other"', 'W/"1-clients.client"', '""'):
        for method in ("PUT", "PATCH", "DELETE"):
            assert race.send(method, None if method == "DELETE" else body, tag).status == 412, (method, tag)
    for tag in ("1", '"1', "*, *", "\x7f"):
        assert race.send("PUT", body, tag).status == 400, tag
    assert race.client()["version"] == 1
    assert race.send("PUT", body, "*").status == 200


def test_t70_a_version_that_is_not_compared_is_noticed(local: Api, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded fault: the precondition is parsed, then forgotten."""
    reader: Any = gateway.runner._reader
    read = reader.read

    def forgetful(*arguments: Any) -> Any:
        inputs = read(*arguments)
        inputs.expected = None
        return inputs

    monkeypatch.setattr(reader, "read", forgetful)
    assert Race(local).run("PATCH", local)[200] > 1


class Race:
    """A client everybody has read."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.owner: Person = api.signup()
        self.workspace = api.workspace(self.owner)
        made = api.post("/api/v1/clients", json={"full_name": "Ana"}, who=self.owner, workspace=self.workspace)
        assert made.status == 201, made.body
        self.path, self.etag, self.winner = f"/api/v1/clients/{made.json['id']}", made.headers["ETag"], ""

    def send(self, method: str, body: Any, tag: str | None, api: Api | None = None) -> Reply:
        headers = {} if tag is None else {"If-Match": tag}
        return (api or self.api).request(method, self.path, json=body, who=self.owner, workspace=self.workspace, headers=headers)

    def client(self) -> Any:
        return self.api.get(self.path, who=self.owner, workspace=self.workspace).json

    def run(self, method: str, api: Api) -> Counter[int]:
        """All at once; the statuses they got."""

        def write(number: int) -> int:
            own = Api(api.url) if api._wsgi is None else api
            body = None if method == "DELETE" else {"full_name": f"Writer {number}"}
            reply = patiently(lambda: self.send(method, body, self.etag, own))
            if reply.status == 200:
                self.winner = reply.json["full_name"]
            return reply.status

        with ThreadPoolExecutor(WRITERS) as crowd:
            return Counter(crowd.map(write, range(WRITERS)))
