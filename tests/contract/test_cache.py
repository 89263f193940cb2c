"""One suite for wherever answers are kept: this process's memory, Redis, and the one before the other."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from adapters.local import cache as local
from adapters.local.cache import Memory, Shelves
from adapters.redis import cache as redis
from adapters.redis.cache import RedisShelf
from kernel.context import Current, Entered, Kind, NoContext, Scope, serving
from kernel.ids import new_id
from ports.cache import LARGEST, LONGEST_S, Cache, Store
from tests.security.redises import redis_server

KINDS = ("memory", *(pytest.param(kind, marks=pytest.mark.external("redis-server")) for kind in ("redis", "memory before redis")))
THREADS = 16


@pytest.fixture(scope="module", params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    memory = Memory(0 if request.param == "redis" else 16 * 1024 * 1024)
    if request.param == "memory":
        yield Shelves(memory)
        return
    with redis_server(tmp_path_factory.mktemp("redis")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis, "_PATIENCE_S", 10)  # what becomes of a slow one is F10's matter
        yield Shelves(memory, RedisShelf(server.url, b"k" * 32))


class Maker:
    """Makes an answer. times: how often; most: how often at once."""

    def __init__(self, value: bytes = b"made", *, takes_s: float = 0.0, failing: int = 0) -> None:
        self.value = value
        self.times = self.most = self._running = 0
        self._takes_s = takes_s
        self._failing = failing
        self._mutex = threading.Lock()

    def __call__(self) -> bytes:
        with self._mutex:
            self.times += 1
            fails = self.times <= self._failing
            self._running += 1
            self.most = max(self.most, self._running)
        time.sleep(self._takes_s)
        with self._mutex:
            self._running -= 1
        if fails:
            raise ZeroDivisionError
        return self.value


@dataclass
class Work:
    """What a transaction says of itself."""

    person: Entered
    reading: bool = True

    def entered(self) -> Entered:
        return self.person


@dataclass
class Member:
    """Somebody in a workspace."""

    role: str = "Owner"
    client_id: uuid.UUID | None = None
    limited: bool = False
    workspace: uuid.UUID = field(default_factory=new_id)
    id: uuid.UUID = field(default_factory=new_id)

    def asks(self, *, writing: bool = False, uncached: bool = False, inside: bool = True) -> AbstractContextManager[Current]:
        """inside: a transaction."""
        scope = Scope(Kind.WORKSPACE, "r", self.workspace, self.id)
        work = Work(Entered(self.role, self.client_id, 1, self.limited), not writing)
        nobody = cast("Any", None)
        return serving(Current(scope, nobody, nobody, cast("Any", work) if inside else None, uncached=uncached))


def remembered(
    store: Store, who: Member, make: Callable[[], bytes], key: str = "k", *, plugin: str = "probe", version: str = "1", **more: Any
) -> bytes:
    with who.asks():
        return Cache(store, plugin, version).remember(key, make, **{"ttl_s": 60, **more})


def several(times: int, do: Callable[[], Any]) -> list[Any]:
    """What each thread got, all beginning together."""
    gate = threading.Barrier(times)

    def one() -> Any:
        gate.wait()
        try:
            return do()
        except ZeroDivisionError as error:
            return error

    with ThreadPoolExecutor(times) as pool:
        return [each.result() for each in [pool.submit(one) for _ in range(times)]]


# -- what is kept ------------------------------------------------------------------------------------------------------------------------


def test_what_was_made_is_given_again(store: Store) -> None:
    who, make = Member(), Maker()
    assert [remembered(store, who, make) for _ in range(3)] == [b"made"] * 3
    assert make.times == 1


def test_another_key_has_another_answer(store: Store) -> None:
    who = Member()
    assert remembered(store, who, Maker(b"one"), "revision 1") == b"one"
    assert remembered(store, who, Maker(b"two"), "revision 2") == b"two"
    assert remembered(store, who, Maker(b"lost"), "revision 1") == b"one"


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), b"\r\n$3\r\n", b"x" * LARGEST], ids=["empty", "nul", "all", "protocol", "largest"])
def test_every_byte_comes_back(store: Store, value: bytes) -> None:
    who, make = Member(), Maker(value)
    assert [remembered(store, who, make) for _ in range(2)] == [value] * 2
    assert make.times == 1


def test_what_is_too_large_is_made_each_time(store: Store) -> None:
    who, make = Member(), Maker(b"x" * (LARGEST + 1))
    assert [len(remembered(store, who, make)) for _ in range(2)] == [LARGEST + 1] * 2
    assert make.times == 2


def test_nothing_is_kept_longer_than_was_said(store: Store) -> None:
    who, make = Member(), Maker()
    began = time.monotonic()
    remembered(store, who, make, ttl_s=1)
    remembered(store, who, make, ttl_s=1)
    if time.monotonic() - began < 1:  # else it was over, rightly
        assert make.times == 1
    make.times = 1
    time.sleep(1.1)
    remembered(store, who, make, ttl_s=1)
    assert make.times == 2


@pytest.mark.parametrize("ttl_s", [0, -1, LONGEST_S + 1])
def test_nothing_is_kept_for_ever_or_for_no_time(store: Store, ttl_s: int) -> None:
    with pytest.raises(ValueError, match="from 1 to"):
        remembered(store, Member(), Maker(), ttl_s=ttl_s)


def test_what_could_not_be_made_is_not_kept(store: Store) -> None:
    who, make = Member(), Maker(failing=1)
    with pytest.raises(ZeroDivisionError):
        remembered(store, who, make)
    assert [remembered(store, who, make) for _ in range(2)] == [b"made"] * 2
    assert make.times == 2


# -- for whom ----------------------------------------------------------------------------------------------------------------------------


def test_t13_no_workspace_finds_what_another_kept(store: Store) -> None:
    person = new_id()
    for shared in (False, True):
        a, b = (Member(id=person) for _ in range(2))
        assert remembered(store, a, Maker(b"of a"), shared=shared) == b"of a"
        assert remembered(store, b, Maker(b"of b"), shared=shared) == b"of b"
        assert remembered(store, a, Maker(b"lost"), shared=shared) == b"of a"


def test_no_plugin_and_no_release_finds_what_another_kept(store: Store) -> None:
    who = Member()
    for plugin, version in (("probe", "1"), ("probes", "1"), ("probe", "2"), ("probe", "")):
        make = Maker(f"{plugin} {version}".encode())
        assert remembered(store, who, make, plugin=plugin, version=version) == make.value


def test_each_member_has_an_answer_of_their_own_unless_it_is_shared(store: Store) -> None:
    workspace, person, client = new_id(), new_id(), new_id()
    members = [
        Member("Owner", workspace=workspace), Member("Owner", workspace=workspace, id=person), Member("Colaborador", workspace=workspace, id=person),
        Member("Colaborador", workspace=workspace, id=person, limited=True), Member("Cliente", client, workspace=workspace, id=person),
        Member("Cliente", new_id(), workspace=workspace, id=person),
    ]  # fmt: skip
    own = [remembered(store, who, Maker(str(n).encode())) for n, who in enumerate(members)]
    assert own == [str(n).encode() for n in range(len(members))]
    make = Maker()
    assert {remembered(store, who, make, shared=True) for who in members} == {b"made"}
    assert make.times == 1


def test_without_a_workspace_there_is_no_cache(store: Store) -> None:
    cache = Cache(store, "probe")
    with pytest.raises(NoContext):
        cache.remember("k", Maker(), ttl_s=60, shared=True)
    scope = Scope(Kind.USER, "r", user_id=new_id())
    for uncached in (False, True):
        with serving(Current(scope, cast("Any", None), cast("Any", None), uncached=uncached)), pytest.raises(NoContext, match="workspace"):
            cache.remember("k", Maker(), ttl_s=60, shared=True)


def test_between_transactions_only_what_is_shared_is_kept(store: Store) -> None:
    who, make = Member(), Maker()
    with who.asks(inside=False):
        assert [Cache(store, "probe").remember("k", make, ttl_s=60, shared=True) for _ in range(2)] == [b"made"] * 2
        with pytest.raises(NoContext):
            Cache(store, "probe").remember("k", make, ttl_s=60)
    assert make.times == 1


# -- when not ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["writing", "uncached"])
def test_a_transaction_that_writes_and_an_uncached_request_neither_look_nor_keep(store: Store, how: str) -> None:
    who, cache = Member(), Cache(store, "probe", "1")
    remembered(store, who, Maker(b"kept"))
    with who.asks(writing=how == "writing", uncached=how == "uncached"):
        assert cache.remember("k", Maker(b"anew"), ttl_s=60) == b"anew"
        assert cache.remember("never committed", Maker(b"anew"), ttl_s=60) == b"anew"
    assert remembered(store, who, Maker(b"lost")) == b"kept"
    assert remembered(store, who, Maker(b"made")) == b"kept"
    assert remembered(store, who, Maker(b"committed"), "never committed") == b"committed"


# -- many at once ------------------------------------------------------------------------------------------------------------------------


def test_of_many_who_miss_one_makes_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PATIENCE_S", 60)
    of_many_who_miss_one_makes_it(store)


def of_many_who_miss_one_makes_it(store: Store) -> None:
    who, make = Member(), Maker(takes_s=0.2)
    assert several(THREADS, lambda: remembered(store, who, make)) == [b"made"] * THREADS
    print(f"stampede: {THREADS} threads, made {make.times} times")
    assert make.times == 1


def test_keys_do_not_wait_for_each_other(store: Store) -> None:
    who, make, numbers = Member(), Maker(takes_s=0.3), iter(range(THREADS))
    several(THREADS, lambda: remembered(store, who, make, f"key {next(numbers)}"))
    assert make.times == THREADS
    assert make.most > THREADS / 4


def test_when_the_one_fails_the_others_do_not_queue(store: Store) -> None:
    who, make = Member(), Maker(takes_s=0.2, failing=1)
    got = several(THREADS, lambda: remembered(store, who, make))
    print(f"a failed make: {got.count(b'made')} of {THREADS} have an answer, {make.most} made one at once")
    assert got.count(b"made") == THREADS - 1
    assert make.most > THREADS / 4, "one after the other"


def test_nobody_waits_for_ever_for_who_makes_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PATIENCE_S", 0.1)
    who, go_on, began = Member(), threading.Event(), threading.Event()

    def held() -> bytes:
        began.set()
        go_on.wait(10)
        return b"late"

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(lambda: remembered(store, who, held))
        began.wait(10)
        assert remembered(store, who, Maker(b"in time")) == b"in time"
        go_on.set()
        assert slow.result(10) == b"late"


# -- the harness sees --------------------------------------------------------------------------------------------------------------------


def test_the_harness_sees_a_key_without_its_workspace(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(self: Cache, key: str, make: Callable[[], bytes], *, ttl_s: int, shared: bool = False) -> bytes:
        return self.store.remember(f"{uuid.UUID(int=0)}:{self.plugin}:{key}", make, ttl_s=ttl_s)

    monkeypatch.setattr(Cache, "remember", lost)
    with pytest.raises(AssertionError):
        test_t13_no_workspace_finds_what_another_kept(store)


def test_the_harness_sees_a_stampede(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_PATIENCE_S", 0.0)
    with pytest.raises(AssertionError):
        of_many_who_miss_one_makes_it(store)
