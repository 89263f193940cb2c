"""F3: a job that kills its worker dies itself, and delays nobody."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe


def test_f3_a_job_that_kills_its_process_is_parked_and_the_others_are_served(plant: harness.Plant) -> None:
    workspace, other = plant.workspace(), plant.workspace()
    plant.inside(workspace, probe.poison)
    done = threading.Event()
    crashes: list[int] = []

    def supervise() -> None:
        child = plant.start()
        while not done.is_set():
            if not child.alive():
                crashes.append(child.wait())
                child = plant.start()
            done.wait(0.05)

    supervisors = [threading.Thread(target=supervise, daemon=True) for _ in range(2)]
    for supervisor in supervisors:
        supervisor.start()
    for n in range(40):
        plant.inside(other, lambda: probe.mark(name=f"{n}"))  # noqa: B023
        done.wait(0.1)
    plant.settled(60)
    done.set()
    for supervisor in supervisors:
        supervisor.join()
    assert crashes == [9] * 4, "one per attempt: retries=3"
    [letter] = plant.letters.listed("dead")
    assert letter["handler"] == "probe:poison"
    assert letter["last_error"].startswith("WorkerDied")
    assert plant.effects() == {f"{n}": 1 for n in range(40)}
    [(p99,)] = plant.query(
        "select percentile_cont(0.99) within group (order by extract(epoch from done_at - created_at)) from outbox_deliveries where dead_at is null"
    )
    assert p99 < 5
    assert plant.letters.retry(uuid.UUID(letter["id"]))


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=1) as made:
        yield made
