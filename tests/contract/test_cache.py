"""The cache, whichever it is: makes once, keeps within its bounds, keeps workspaces apart, and its failure costs nobody an answer."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.local.cache import MemoryCache
from adapters.redis.cache import RedisCache
from kernel.context import Current, Kind, NoContext, Scope, serving
from ports.cache import Cache
from tests.security.redises import Redis, redis_server

WORKSPACE, OTHER = uuid.uuid4(), uuid.uuid4()


@contextmanager
def within(workspace: uuid.UUID | None) -> Iterator[None]:
    """A request of this workspace; no part of it but its scope is looked at."""
    scope = Scope(Kind.WORKSPACE, "request", workspace_id=workspace)
    nobody: Any = None
    with serving(Current(scope, nobody, nobody)):
        yield


class Maker:
    """Counts how often it was asked."""

    def __init__(self, value: bytes = b"made", takes_s: float = 0.0) -> None:
        self.value, self.takes_s, self.times = value, takes_s, 0

    def __call__(self) -> bytes:
        self.times += 1
        time.sleep(self.takes_s)
        return self.value


def test_what_was_made_once_is_kept(cache: Cache) -> None:
    make = Maker()
    with within(WORKSPACE):
        assert [cache.remember("bookings:a", make, ttl_s=60) for _ in range(3)] == [b"made"] * 3
        assert cache.remember("bookings:b", Maker(b"other"), ttl_s=60) == b"other"
    assert make.times == 1


def test_another_workspace_never_finds_it(cache: Cache) -> None:
    """T13."""
    theirs = Maker(b"theirs")
    with within(WORKSPACE):
        cache.remember("bookings:a", Maker(b"ours"), ttl_s=60)
    with within(OTHER):
        assert cache.remember("bookings:a", theirs, ttl_s=60) == b"theirs"
    assert theirs.times == 1
    with within(None), pytest.raises(NoContext):
        cache.remember("bookings:a", Maker(), ttl_s=60)


def test_it_is_forgotten_in_time(cache: Cache) -> None:
    make = Maker()
    with within(WORKSPACE):
        cache.remember("bookings:a", make, ttl_s=1)
        time.sleep(1.1)
        cache.remember("bookings:a", make, ttl_s=1)
    assert make.times == 2


def test_what_failed_is_not_kept(cache: Cache) -> None:
    def fails() -> bytes:
        raise ValueError("no")

    with within(WORKSPACE):
        with pytest.raises(ValueError, match="no"):
            cache.remember("bookings:a", fails, ttl_s=60)
        assert cache.remember("bookings:a", Maker(), ttl_s=60) == b"made"


def test_of_sixteen_who_miss_at_once_one_makes_it(cache: Cache) -> None:
    make, got = Maker(takes_s=0.1), list[bytes]()

    def ask() -> None:
        with within(WORKSPACE):
            got.append(cache.remember("bookings:rush", make, ttl_s=60))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (got, make.times) == ([b"made"] * 16, 1)


def test_memory_stays_within_its_bounds_and_what_was_used_last_stays() -> None:
    cache, makers = MemoryCache(10_000), {n: Maker(b"x" * 1_000) for n in range(20)}
    with within(WORKSPACE):
        for n, make in makers.items():
            cache.remember(f"bookings:{n}", make, ttl_s=60)
            cache.remember("bookings:0", makers[0], ttl_s=60)
        assert makers[0].times == 1
        cache.remember("bookings:1", makers[1], ttl_s=60)
        assert makers[1].times == 2
        huge = Maker(b"x" * 20_000)
        for _ in range(2):
            cache.remember("bookings:huge", huge, ttl_s=60)
        assert huge.times == 2
    assert cache._size <= 10_000


@pytest.mark.external("redis-server")
class TestRedis:
    def test_another_process_finds_it_and_every_key_names_its_workspace(self, redis: Redis) -> None:
        make = Maker()
        with within(WORKSPACE):
            for _ in range(2):
                assert RedisCache(redis.url, MemoryCache(10_000)).remember("bookings:a", make, ttl_s=60) == b"made"
        assert make.times == 1
        keys = [key.decode() for key in redis.client.keys("*")]
        assert len(keys) == 1
        assert all(key.startswith(f"fitpro:cache:{WORKSPACE}:bookings:") and redis.client.ttl(key) > 0 for key in keys)

    @pytest.mark.parametrize("fault", ["down", "wiped", "silent", "readonly"])
    def test_f10_a_redis_that_fails_costs_no_answer_and_little_time(self, redis: Redis, fault: str, fails: Callable[[Redis, str], None]) -> None:
        cache = RedisCache(redis.url, MemoryCache(100_000))
        with within(WORKSPACE):
            cache.remember("bookings:before", Maker(), ttl_s=60)
            fails(redis, fault)
            began = time.perf_counter()
            for n in range(20):
                assert cache.remember(f"bookings:{n}", Maker(), ttl_s=60) == b"made"
        assert time.perf_counter() - began < 1.0


@pytest.fixture
def fails() -> Callable[[Redis, str], None]:
    def inflict(redis: Redis, fault: str) -> None:
        if fault == "down":
            redis.stop()
        elif fault == "wiped":
            redis.client.flushall()
        elif fault == "readonly":
            redis.client.execute_command("REPLICAOF", "127.0.0.1", "1")
        else:
            assert redis.child is not None
            redis.child.send_signal(19)

    return inflict


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    with redis_server(tmp_path) as made:
        yield made


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.external("redis-server"))])
def cache(request: pytest.FixtureRequest) -> Cache:
    memory = MemoryCache(1_000_000)
    return memory if request.param == "memory" else RedisCache(request.getfixturevalue("redis").url, memory)
