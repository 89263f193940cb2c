"""F6: SIGTERM lets a worker finish what it has at hand, exit 0 within 30 s, and lose nothing."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe


def test_f6_five_stops_under_load_lose_nothing(plant: harness.Plant) -> None:
    _stops(plant, 5)


@pytest.mark.torture
def test_f6_fifty_stops_under_load_lose_nothing(plant: harness.Plant) -> None:
    _stops(plant, 50)


def test_f6_a_stop_during_the_start_is_heard(plant: harness.Plant) -> None:
    for wait_s in (0.05, 0.1, 0.2, 0.4):
        child = plant.start(ready=False)
        time.sleep(wait_s)
        child.signal(signal.SIGTERM)
        assert child.wait() in (0, -signal.SIGTERM), child.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_f6_other_signals_that_mean_stop_are_graceful_too(plant: harness.Plant, number: signal.Signals) -> None:
    plant.inside(plant.workspace(), lambda: probe.mark(name="at hand", pause_s=1.5))
    child = plant.start()
    harness.until(lambda: plant.query("select 1 from outbox_deliveries where lease_token is not null"))
    child.signal(number)
    assert child.wait() == 0
    assert plant.effects() == {"at hand": 1}


def _stops(plant: harness.Plant, times: int) -> None:
    workspace = plant.workspace()
    names = [f"{turn}.{n}" for turn in range(times) for n in range(10)]
    for turn in range(times):
        plant.inside(workspace, lambda: [probe.mark(name=f"{turn}.{n}", pause_s=0.2) for n in range(10)])  # noqa: B023
        child = plant.start()
        time.sleep(random.uniform(0, 0.5))
        asked = time.monotonic()
        child.signal(signal.SIGTERM)
        assert child.wait() == 0, child.said()
        assert time.monotonic() - asked < 30
        held = plant.query("select count(*) from outbox_deliveries where lease_token is not null")
        assert held == [(0,)], "what was at hand was finished, not left to its lease"
    plant.drain()
    assert plant.effects() == dict.fromkeys(names, 1)
    assert plant.query("select max(attempts) from outbox_deliveries") == [(1,)]


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=30) as made:
        yield made
