"""F6: SIGTERM lets a worker finish what it has at hand, exit 0 within 30 s, and lose nothing."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe

EXIT_S = 30.0


def test_f6_five_stops_under_load_lose_nothing(plant: harness.Plant) -> None:
    assert stops(plant, 5) == []


@pytest.mark.torture
def test_f6_fifty_stops_under_load_lose_nothing(plant: harness.Plant) -> None:
    assert stops(plant, 50) == []


@pytest.mark.parametrize(("fault", "complaint"), [("impatient", "left to their leases"), ("ack_first,impatient", "lost")])
def test_f6_a_worker_that_goes_at_once_is_noticed(plant: harness.Plant, fault: str, complaint: str) -> None:
    """With its jobs at hand, and with jobs that it said were done."""
    found = stops(plant, 3, {"PROBE_FAULT": fault})
    assert [each for each in found if each.startswith(complaint)], found


def test_f6_a_stop_during_the_start_is_heard(plant: harness.Plant) -> None:
    for wait_s in (0.05, 0.1, 0.2, 0.4):
        child = plant.start(ready=False)
        time.sleep(wait_s)
        child.signal(signal.SIGTERM)
        assert child.wait() in (0, -signal.SIGTERM), child.said()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_f6_other_signals_that_mean_stop_are_graceful_too(plant: harness.Plant, number: signal.Signals) -> None:
    plant.inside(plant.workspace(), lambda: probe.mark(name="at hand", pause_s=4))
    child = plant.start()
    harness.until(lambda: plant.query("select 1 from outbox_deliveries where lease_token is not null"))
    child.signal(number)
    assert child.wait() == 0
    assert plant.effects() == {"at hand": 1}


def stops(plant: harness.Plant, times: int, environ: Mapping[str, str] | None = None) -> list[str]:
    """Workers told to stop at random points under load, one after another; what of the row's rules was broken."""
    workspace, faults, held = plant.workspace(), list[str](), set[str]()
    names = [f"{turn}.{n}" for turn in range(times) for n in range(10)]
    for turn in range(times):
        plant.inside(workspace, lambda: [probe.mark(name=f"{turn}.{n}", pause_s=0.2) for n in range(10)])  # noqa: B023
        child = plant.start(environ=environ)
        time.sleep(random.uniform(0, 0.5))
        asked = time.monotonic()
        child.signal(signal.SIGTERM)
        if (code := child.wait()) != 0:
            faults.append(f"exit {code}: {child.said()}")
        if (took := time.monotonic() - asked) >= EXIT_S:
            faults.append(f"exit after {took:.1f} s")
        held |= {str(name) for (name,) in plant.query("select arguments ->> 'name' from outbox_deliveries where lease_token is not null")}
    plant.drain()
    if held:  # and what is at hand is to be finished
        faults.append(f"left to their leases: {sorted(held)}")
    effects = plant.effects()
    if lost := set(names) - effects.keys() - held:
        faults.append(f"lost: {sorted(lost)}")
    if doubled := {name for name, count in effects.items() if count > 1}:
        faults.append(f"done twice: {sorted(doubled)}")
    if unasked := effects.keys() - set(names):
        faults.append(f"done unasked: {sorted(unasked)}")
    [(attempts,)] = plant.query("select max(attempts) from outbox_deliveries")
    if attempts != 1:
        faults.append(f"attempts: {attempts}")
    return faults


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=30) as made:
        yield made
