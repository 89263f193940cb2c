"""The bell: on PostgreSQL, on Redis, broken, wiped; and Huey's own tables."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
import redis
from huey.storage import PostgresStorage

from adapters.worker.doorbell import HueyDoorbell
from adapters.worker.periodic import Schedule
from adapters.worker.relay import Relay
from config.databases import connections
from ports.tasks import BrokerDown
from tests import servers
from tests.integration.worker import harness, probe
from tests.integration.worker.harness import Plant


class BrokenBell:
    """A broker that is gone."""

    def ring(self, queue: str) -> None:
        raise BrokerDown("gone")

    def pending(self) -> int:
        raise BrokerDown("gone")


class CountingBell:
    """A broker whose bells nobody hears."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring(self, queue: str) -> None:
        self.rung.append(queue)

    def pending(self) -> int:
        return len(self.rung)


def test_without_a_broker_the_relay_does_the_work_itself(plant: Plant) -> None:
    workspace = plant.workspace()
    plant.inside(workspace, lambda: [probe.mark(name="a"), probe.mail(name="b")])
    relay = Relay(plant.leases, BrokenBell(), plant.worker(), Schedule(plant.clockwork, []), plant.clockwork)
    relay.turn()
    assert plant.effects() == {"a": 1, "b": 1}


def test_the_relay_rings_for_what_waits_and_not_without_end(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: [probe.mark(name=f"{n}") for n in range(500)])
    bell = CountingBell()
    relay = Relay(plant.leases, bell, plant.worker(), Schedule(plant.clockwork, []), plant.clockwork, threads=3)
    for _ in range(20):
        relay.turn()
    assert bell.rung == ["default"] * 3
    bell.rung.clear()
    relay.turn()
    assert bell.rung == ["default"] * 3, "unanswered bells are rung again"


def test_a_relay_of_some_queues_rings_for_no_other(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: [probe.mark(name="default"), probe.mail(name="mail")])
    bell = CountingBell()
    Relay(plant.leases, bell, plant.worker(), Schedule(plant.clockwork, []), plant.clockwork, queues=("mail",)).turn()
    assert bell.rung == ["mail"]


def test_the_message_of_a_bell_holds_a_queue_and_nothing_else(plant: Plant) -> None:
    bell = HueyDoorbell("fitpro", key=b"k" * 32, storage="postgres", options={"dsn": connections(plant.settings).relay}, work=bool)
    bell.ring("mail")
    [(data,)] = plant.query("select data from huey_task")
    message = bytes(data)[32:].decode()
    assert re.search(r'"name":"adapters\.worker\.doorbell\.bell"', message)
    assert '"args":["mail"]' in message
    assert bell.pending() == 1


def test_a_broker_that_cannot_be_reached_says_so() -> None:
    bell = HueyDoorbell("fitpro", key=b"k" * 32, storage="postgres", options={"dsn": "host=/nowhere"}, work=bool)
    with pytest.raises(BrokerDown):
        bell.ring("default")
    with pytest.raises(BrokerDown):
        bell.pending()


def test_the_tables_are_those_huey_would_make(plant: Plant) -> None:
    """Ours are migrated; a Huey that wants others must come with a migration."""

    def shape() -> list[tuple[object, ...]]:
        columns = (
            "select table_name, column_name, data_type, is_nullable, column_default  from information_schema.columns where table_name like 'huey%%'"
        )
        indexes = "select tablename, indexname, indexdef, '', '' from pg_indexes where tablename like 'huey%%'"
        return sorted(plant.query(f"{columns} union all {indexes}"), key=str)

    ours = shape()
    assert len({row[0] for row in ours}) == 4
    plant.owner.execute("drop table huey_kv, huey_schedule, huey_task, huey_counter")
    for statement in PostgresStorage("fitpro", dsn="", create_tables=False).ddl:
        plant.owner.execute(statement)
    assert shape() == ours


def test_no_role_that_serves_requests_reaches_the_queue(plant: Plant) -> None:
    with plant.app.pool.connection() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("select * from huey_task")


@pytest.mark.external("redis-server")
def test_redis_carries_the_bells_when_there_is_one(cluster: servers.Cluster, tmp_path: Path) -> None:
    with harness.redis_server(tmp_path) as url, harness.plant(cluster, tmp_path, redis_url=url) as plant:
        plant.inside(plant.workspace(), lambda: [probe.mark(name=f"{n}") for n in range(20)])
        plant.start()
        plant.settled()
        assert plant.effects() == {f"{n}": 1 for n in range(20)}
        assert plant.query("select nextval('huey_task_id_seq')") == [(1,)], "PostgreSQL's queue was not used"


@pytest.mark.external("redis-server")
def test_redis_may_be_wiped_stopped_and_killed_and_every_job_is_done_once(cluster: servers.Cluster, tmp_path: Path) -> None:
    with harness.redis_server(tmp_path) as url, harness.plant(cluster, tmp_path, redis_url=url) as plant:
        workspace = plant.workspace()
        worker = plant.start()
        broker = redis.Redis.from_url(url)
        pid = broker.info("server")["process_id"]
        names = []
        for phase in ("wiped", "stopped", "killed"):
            batch = [f"{phase} {n}" for n in range(10)]
            names += batch
            plant.inside(workspace, lambda: [probe.mark(name=n) for n in batch])  # noqa: B023
            if phase == "wiped":
                broker.flushall()
            else:
                os.kill(pid, signal.SIGSTOP if phase == "stopped" else signal.SIGKILL)
            plant.settled(30)
            if phase == "stopped":
                os.kill(pid, signal.SIGCONT)
        assert plant.effects() == dict.fromkeys(names, 1)
        assert "the relay works itself" in worker.said()
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
