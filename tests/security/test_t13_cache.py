"""T13, T58: what is kept in one workspace answers nobody in another, every key in Redis names its workspace, and nothing that somebody else
wrote there is believed or run."""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.redis.cache import RedisShelf
from config.bootstrap import install, web
from ports.cache import Cache
from tests import keeper
from tests.security.redises import Redis, redis_server
from tests.security.test_t58_pickle import Bomb
from tests.servers import Api, Cluster, Person, add_member

KINDS = ("memory", *(pytest.param(kind, marks=pytest.mark.external("redis-server")) for kind in ("redis", "memory before redis")))
REDIS = pytest.mark.parametrize("site", [pytest.param("redis", marks=pytest.mark.external("redis-server"))], indirect=True)
OF_ALL = re.compile(r"fitpro:limit:(person|key|workspace|address|probe)(:[0-9a-f]+)?|huey\.redis\.fitpro.*")
"""Keys that belong to no workspace: limits, counted by a subject that is a digest, and bells, which hold ids."""
OF_ONE = re.compile(r"fitpro:cache:([0-9a-f-]{36}):[a-z][a-z0-9]*:[0-9a-f]{64}")
WORKSPACES = 3


@dataclass
class Site:
    """Three workspaces with the same members; what they keep is where `redis` is, or in memory."""

    api: Api
    workspaces: list[str]
    people: dict[str, Person]
    redis: Redis | None
    asked: int = 0

    def maker(self, workspace: str, role: str = "Owner", *, shared: bool = True, key: str = "the same for all") -> str:
        """The request that made the answer to this one: its workspace, and a number."""
        self.asked += 1
        path = f"{keeper.URL}?shared={str(shared).lower()}&key={key}"
        reply = self.api.get(path, who=self.people[role], workspace=workspace, headers={"X-Request-Id": f"{workspace}.{self.asked}"})
        assert reply.status == 200, reply.body
        return str(reply.json["maker"])

    def makes_it_anew(self, workspace: str) -> bool:
        return self.maker(workspace) == f"{workspace}.{self.asked}"

    @property
    def client(self) -> Any:
        assert self.redis is not None
        return self.redis.client

    def names(self) -> list[str]:
        """Every key there is."""
        return sorted(key.decode() for key in self.client.keys("*"))

    def kept(self, workspace: str) -> list[str]:
        """Where a workspace's answers are."""
        return [key for key in self.names() if key.startswith(f"fitpro:cache:{workspace}:")]


def test_t13_no_workspace_is_answered_with_what_another_kept(site: Site) -> None:
    wrong = 0
    for workspace in site.workspaces * 2:
        for role in site.people:
            for shared in (True, False):
                wrong += not site.maker(workspace, role, shared=shared).startswith(f"{workspace}.")
    print(f"T13: {site.asked} answers, {wrong} of another workspace")
    assert wrong == 0


@REDIS
def test_t13_every_key_in_redis_names_its_workspace_or_is_known_to_belong_to_all(on_redis: Site) -> None:
    test_t13_no_workspace_is_answered_with_what_another_kept(on_redis)
    owners = [found[1] for key in on_redis.names() if (found := OF_ONE.fullmatch(key))]
    strays = [key for key in on_redis.names() if not OF_ONE.fullmatch(key) and not OF_ALL.fullmatch(key)]
    print(f"T13: {len(owners)} keys of {len(set(owners))} workspaces, {len(on_redis.names()) - len(owners)} of all, {len(strays)} others")
    assert strays == []
    assert set(owners) == set(on_redis.workspaces)
    assert len(owners) == WORKSPACES * (1 + len(on_redis.people)), "one that is shared, and one for each member"
    assert [key for key in on_redis.names() if on_redis.client.pttl(key) < 0] == [], "each ends some day"


@REDIS
def test_t13_an_answer_moved_to_another_workspace_is_not_believed(on_redis: Site) -> None:
    a, b = on_redis.workspaces[:2]
    on_redis.maker(a)
    on_redis.maker(b)
    [theirs], [ours] = on_redis.kept(a), on_redis.kept(b)
    on_redis.client.set(ours, on_redis.client.get(theirs), ex=60)
    assert on_redis.makes_it_anew(b)


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-1], lambda raw: raw + b"x", lambda raw: raw[16:], lambda _: b"", lambda raw: bytes(16) + raw[16:]]
)
@REDIS
def test_t13_an_answer_changed_in_redis_is_made_again(on_redis: Site, change: Callable[[bytes], bytes]) -> None:
    a = on_redis.workspaces[0]
    on_redis.maker(a)
    [key] = on_redis.kept(a)
    on_redis.client.set(key, change(on_redis.client.get(key)), ex=60)
    assert on_redis.makes_it_anew(a)


@REDIS
def test_t58_a_pickle_in_the_place_of_an_answer_is_not_run(on_redis: Site, tmp_path: Path) -> None:
    a, marker = on_redis.workspaces[0], tmp_path / "marker"
    on_redis.maker(a)
    [key] = on_redis.kept(a)
    for bomb in (pickle.dumps(Bomb(marker)), bytes(16) + pickle.dumps(Bomb(marker))):
        on_redis.client.set(key, bomb, ex=60)
        assert on_redis.makes_it_anew(a)
    on_redis.client.delete(key)
    on_redis.client.lpush(key, pickle.dumps(Bomb(marker)))  # not even a string
    assert on_redis.makes_it_anew(a)
    assert not marker.exists()


# -- the harness sees --------------------------------------------------------------------------------------------------------------------


def lost(self: Cache, key: str, make: Callable[[], bytes], *, ttl_s: int, shared: bool = False) -> bytes:
    """The fault: a key without its workspace."""
    return self.store.remember(f"{self.plugin}:{key}", make, ttl_s=ttl_s)


def test_t13_a_key_without_its_workspace_is_caught(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cache, "remember", lost)
    with pytest.raises(AssertionError):
        test_t13_no_workspace_is_answered_with_what_another_kept(site)


@REDIS
def test_t13_a_key_without_its_workspace_is_caught_by_the_scan_alone(on_redis: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cache, "remember", lost)
    for n, workspace in enumerate(on_redis.workspaces):
        on_redis.maker(workspace, key=str(n))
    assert len([key for key in on_redis.names() if not OF_ONE.fullmatch(key) and not OF_ALL.fullmatch(key)]) == WORKSPACES


@REDIS
def test_t13_answers_that_are_not_signed_are_caught(on_redis: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RedisShelf, "_signature", lambda *_: bytes(16))
    with pytest.raises(AssertionError):
        test_t13_an_answer_moved_to_another_workspace_is_not_believed(on_redis)


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> str:
    return cluster.clone("fitpro_t13_cache")


@pytest.fixture(scope="module", params=KINDS)
def site(request: pytest.FixtureRequest, cluster: Cluster, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    with contextlib.ExitStack() as stack:
        redis = None if request.param == "memory" else stack.enter_context(redis_server(home))
        made = {} if redis is None else {"redis_url": redis.url}
        told = dataclasses.replace(cluster.settings(database, **made, **({"cache_bytes": 0} if request.param == "redis" else {})), home=home)
        installation = install(told, registry=keeper.registry())
        stack.callback(installation.container.app_pool().close)
        stack.callback(installation.container.auth_pool().close)
        api = Api(web(installation))
        people = {role: api.signup(role) for role in ("Owner", "Colaborador", "Cliente")}
        workspaces = [api.workspace(people["Owner"]) for _ in range(WORKSPACES)]
        for workspace in workspaces:
            record = api.post("/api/v1/clients", json={"full_name": f"Marta {uuid.uuid4().hex}"}, who=people["Owner"], workspace=workspace)
            add_member(told, workspace, people["Colaborador"], "Colaborador")
            add_member(told, workspace, people["Cliente"], "Cliente", record.json["id"])
        yield Site(api, workspaces, people, redis)


@pytest.fixture
def on_redis(site: Site) -> Site:
    """One that keeps nothing in memory."""
    site.client.flushall()
    return site
