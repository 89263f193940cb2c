"""T55 for Redis: of all that is ever written there, bells of the broker and counters of limits, nothing tells who somebody is or what they wrote."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from adapters.local.limits import LocalLimiter, Table
from adapters.redis import limiter
from adapters.redis.limiter import RedisLimiter
from ports.limits import Quota
from tests import servers
from tests.documented import PASSWORD, world
from tests.security.canaries import CANARY, Campaign, hits
from tests.security.redises import Redis, redis_server
from tests.servers import Api, Cluster

pytestmark = pytest.mark.external("redis-server")


@contextlib.contextmanager
def overheard(server: Redis) -> Iterator[list[str]]:
    """Every command from everybody, whatever becomes of the keys. It waits without end: a product that starts says nothing for a while."""
    heard: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        with contextlib.suppress(redis.RedisError, OSError), redis.Redis(port=server.port, socket_timeout=None).monitor() as monitor:
            ready.set()
            for command in monitor.listen():
                heard.append(str(command["command"]))

    threading.Thread(target=listen, daemon=True).start()
    assert ready.wait(5)
    yield heard


def kept(server: Redis) -> str:
    """Keys and values that are there."""
    client = server.client
    return "\n".join(f"{key!r} {client.dump(key)!r}" for key in client.keys("*"))


def test_t55_a_canary_put_everywhere_is_never_in_redis(cluster: Cluster, server: Redis, tmp_path: Path) -> None:
    settings = cluster.settings(cluster.clone("fitpro_t55_redis"), redis_url=server.url)
    log = tmp_path / "product.log"
    with overheard(server) as heard, servers.web_server(settings, log) as url:
        with servers.process([sys.executable, "-m", "config.cli", "worker"], servers.environ(settings), log) as worker:
            here = world(Api(url), settings)
            campaign = Campaign(here)
            campaign.headers()
            campaign.conflicts()
            campaign.everywhere()
            time.sleep(2)
            assert worker.poll() is None
        text = "\n".join(heard) + "\n" + kept(server)
    private = (here.owner.token, here.owner.refresh, here.owner.email, here.cliente.email, PASSWORD, "127.0.0.1")
    print(f"T55: {campaign.sent} requests, {len(heard)} commands overheard, {len(hits(text))} hits")
    assert hits(text, *private) == []
    assert campaign.missed() == set()
    assert any("fitpro:limit:" in command for command in heard)
    assert any("PUSH" in command.upper() and "huey" in command for command in heard)


def test_t55_a_counter_that_names_whom_it_counts_is_caught(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: keys that can be read."""
    monkeypatch.setattr(limiter, "_PATIENCE_S", 10)
    talkative = RedisLimiter(server.url, LocalLimiter(Table()), prefix=f"fitpro:limit:{CANARY}@example.com:")
    with overheard(server) as heard:
        talkative.take([(Quota("person", 10, 60), 7)])
        deadline = time.monotonic() + 10
        while not hits("\n".join(heard)) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert hits("\n".join(heard)) != []
    assert hits(kept(server)) != []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    with redis_server(tmp_path) as started:
        yield started
