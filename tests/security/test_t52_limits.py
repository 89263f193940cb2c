"""T52: of 1,000 requests that eight processes send to two web processes at q=100, 100 are served, one more or less; the rest is told when
to come back, in fields that an RFC 9651 parser reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import http_sf
import pytest

from config.settings import Settings
from tests import servers
from tests.security import floods
from tests.security.redises import redis_server
from tests.servers import Api

QUOTA = 100
WINDOW_S = 3600  # nothing comes back while the test runs
CLIENTS, EACH = 8, 125


@pytest.fixture(scope="module")
def one_machine(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two web processes that share a file."""
    home = tmp_path_factory.mktemp("machine")
    with servers.web_server(limited(settings, home), home / "web.log", workers=2) as url:
        yield url


@pytest.fixture(scope="module")
def redis(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two web processes that share a Redis."""
    home = tmp_path_factory.mktemp("redis")
    with redis_server(home) as started:
        changed = limited(settings, home, redis_url=started.url)
        with servers.web_server(changed, home / "web.log", workers=2, app="tests.security.patient:app") as url:
            yield url


def limited(settings: Settings, home: Path, **changes: Any) -> Settings:
    """The installation with a home, and so with counts, of its own."""
    quotas = {"limit_person": QUOTA, "limit_workspace": QUOTA, "limit_address": QUOTA, "limit_window_s": WINDOW_S}
    return dataclasses.replace(settings, home=home, **{"workers": 2, **quotas, **changes})


def fields(headers: Mapping[str, str], name: str) -> dict[str, dict[str, Any]]:
    """A field as a structured List of Strings with parameters."""
    parsed = http_sf.parse(headers[name].encode(), tltype="list")
    assert all(isinstance(item, str) for item, _ in parsed)
    return dict(parsed)


@pytest.mark.parametrize("where", ["one_machine", pytest.param("redis", marks=pytest.mark.external("redis-server"))])
def test_one_person_in_eight_processes_gets_a_hundred(where: str, server: Api, request: pytest.FixtureRequest) -> None:
    owner = server.signup()
    url = request.getfixturevalue(where)
    got = floods.end(floods.begin(url, "/api/v1/me", count=EACH, clients=CLIENTS, headers={"Authorization": f"Bearer {owner.token}"}))
    assert set(got.statuses) == {"200", "429"}, got.statuses
    assert abs(got.statuses["200"] - QUOTA) <= 1, got.statuses
    served, refused = got.last["200"], got.last["429"]
    assert fields(served, "RateLimit-Policy") == {"person": {"q": QUOTA, "w": WINDOW_S}}
    assert 0 <= fields(served, "RateLimit")["person"]["r"] < QUOTA
    assert fields(refused, "RateLimit") == {"person": {"r": 0, "t": int(refused["Retry-After"])}}
    assert 1 <= int(refused["Retry-After"]) <= WINDOW_S / QUOTA + 1
    assert refused["Content-Type"] == "application/problem+json"


def test_the_members_of_a_workspace_share_its_hundred(settings: Settings, server: Api, one_machine: str) -> None:
    owner, other = server.signup(), server.signup()
    workspace = server.workspace(owner)
    servers.add_member(settings, workspace, other, "Colaborador")
    children = []
    for who in (owner, other):
        headers = {"Authorization": f"Bearer {who.token}", "X-Workspace-Id": workspace}
        children += floods.begin(one_machine, "/api/v1/clients", count=EACH, clients=CLIENTS // 2, headers=headers)
    got = floods.end(children)
    assert abs(got.statuses["200"] - QUOTA) <= 1, got.statuses
    assert set(fields(got.last["429"], "RateLimit")) == {"person", "workspace"}


def test_strangers_use_up_nothing_of_a_workspace(server: Api, one_machine: str) -> None:
    owner = server.signup()
    workspace = server.workspace(owner)
    for _ in range(2):
        headers = {"Authorization": f"Bearer {server.signup().token}", "X-Workspace-Id": workspace}
        assert floods.end(floods.begin(one_machine, "/api/v1/clients", count=80, headers=headers)).statuses == {"404": 80}
    replies = [Api(one_machine).get("/api/v1/clients", who=owner, workspace=workspace) for _ in range(8)]
    assert {reply.status for reply in replies} == {200}
    left = [fields(reply.headers, "RateLimit")["workspace"]["r"] for reply in replies if '"workspace"' in reply.headers["RateLimit"]]
    assert min(left) >= QUOTA - len(replies), left


def test_nobody_in_particular_has_the_quota_of_the_address(one_machine: str) -> None:
    got = floods.end(floods.begin(one_machine, "/api/v1/clients", count=EACH, clients=CLIENTS, headers={"Authorization": "Bearer none"}))
    assert got.statuses["401"] + got.statuses["429"] == CLIENTS * EACH
    assert abs(got.statuses["401"] - QUOTA) <= 1, got.statuses
    assert fields(got.last["429"], "RateLimit-Policy") == {"address": {"q": QUOTA, "w": WINDOW_S}}
    assert Api(one_machine).get("/health").status == 200, "who looks after the server is not counted"


@pytest.mark.parametrize(("told", "served"), [(1, 2 * QUOTA), (2, QUOTA)], ids=["the fault: each thinks it is alone", "each gives its part"])
def test_without_anything_to_share_each_process_has_its_part(told: int, served: int, settings: Settings, server: Api, tmp_path: Path) -> None:
    owner = server.signup()
    (tmp_path / "limits").mkdir()  # so that the file cannot be there
    alone = limited(settings, tmp_path, workers=told)
    children = []
    with servers.web_server(alone, tmp_path / "web.log") as one, servers.web_server(alone, tmp_path / "web.log") as other:
        for url in (one, other):
            children += floods.begin(url, "/api/v1/me", count=EACH, clients=1, headers={"Authorization": f"Bearer {owner.token}"})
        got = floods.end(children)
    assert abs(got.statuses["200"] - served) <= 1, got.statuses
