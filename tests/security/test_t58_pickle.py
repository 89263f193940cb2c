"""T58: nothing that the broker holds is ever unpickled, and a forged message stops nobody."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from huey import Huey
from huey.registry import Message
from huey.storage import MemoryStorage

from adapters.worker.messages import Forged, SignedJson
from config.secrets import derive_key
from tests import servers
from tests.integration.worker import harness, probe


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.marker,)


def test_t58_the_bomb_works_on_hueys_own_serializer(tmp_path: Path) -> None:
    naive = Huey("naive", storage_class=MemoryStorage)
    naive.storage.enqueue(pickle.dumps(Bomb(tmp_path / "marker")))
    with pytest.raises(AttributeError):
        naive.dequeue()
    assert (tmp_path / "marker").exists()


def test_t58_bombs_in_the_postgresql_queue_are_dropped_and_the_consumer_goes_on(plant: harness.Plant, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with plant.relay.connection() as connection:
        for data in _bombs(marker):
            connection.execute("insert into huey_task (queue, data, priority) values ('fitpro', %s, 9)", (data,))
            connection.execute("insert into huey_schedule (queue, data, timestamp) values ('fitpro', %s, 0)", (data,))
    plant.inside(plant.workspace(), lambda: probe.mark(name="alive"))
    child = plant.start()
    plant.settled()
    harness.until(lambda: plant.query("select count(*) from huey_task where priority = 9") == [(0,)])
    assert plant.effects() == {"alive": 1}
    assert not marker.exists()
    assert "without our signature" in child.said()
    assert child.alive()


@pytest.mark.external("redis-server")
def test_t58_bombs_in_the_redis_queue_are_dropped_and_the_consumer_goes_on(cluster: servers.Cluster, tmp_path: Path, redis_url: str) -> None:
    marker = tmp_path / "marker"
    broker = redis.Redis.from_url(redis_url)
    for data in _bombs(marker):
        broker.lpush("huey.redis.fitpro", data)
    with harness.plant(cluster, tmp_path, redis_url=redis_url) as plant:
        plant.inside(plant.workspace(), lambda: probe.mark(name="alive"))
        child = plant.start()
        plant.settled()
        harness.until(lambda: broker.llen("huey.redis.fitpro") == 0)
        assert plant.effects() == {"alive": 1}
        assert not marker.exists()
        assert "without our signature" in child.said()


@pytest.mark.parametrize("change", [lambda raw: raw[:-1] + b"]", lambda raw: raw[1:], lambda raw: raw[:0], lambda raw: bytes(32) + raw[32:]])
def test_t58_a_message_changed_anywhere_is_refused(change: Callable[[bytes], bytes]) -> None:
    serializer = SignedJson(b"k" * 32)
    raw = serializer.serialize(Message("id", "adapters.worker.doorbell.bell", args=("default",), kwargs={}))
    with pytest.raises(Forged):
        serializer.deserialize(change(raw))


def test_t58_a_message_survives_and_a_rotated_key_still_verifies() -> None:
    message = Message("id", "adapters.worker.doorbell.bell", args=("default",), kwargs={})
    raw = SignedJson(b"old").serialize(message)
    assert SignedJson(b"new", b"old").deserialize(raw) == message
    with pytest.raises(Forged):
        SignedJson(b"new").deserialize(raw)


def _bombs(marker: Path) -> list[bytes]:
    bare = pickle.dumps(Bomb(marker))
    foreign = SignedJson(derive_key(b"x" * 32, "broker messages"))
    return [bare, bytes(32) + bare, b"", b"\x80", foreign.serialize({"cos": "system"}), bytes(32) + json.dumps({"message": {}}).encode()]


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path) as made:
        yield made


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with harness.redis_server(tmp_path) as url:
        yield url
