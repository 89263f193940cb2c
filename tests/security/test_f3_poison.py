"""F3: a job that kills its worker dies itself, and delays nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe
from tests.packages import fitpro


def test_f3_a_job_that_kills_its_process_is_parked_and_the_others_are_served_until_it_is_cured_and_revived(plant: harness.Plant) -> None:
    workspace, other = plant.workspace(), plant.workspace()
    cure = plant.folder / "cure"
    plant.inside(workspace, lambda: probe.poison(cured=str(cure)))
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
    # The workspace it belonged to can see that it was given up.
    [trace] = plant.query("select workspace_id, record_id, actor, after - 'dead_at' from audit_logs where action = 'park'")
    assert trace == (workspace, letter["id"], "system", {"handler": "probe:poison", "queue": "default", "attempts": 5})
    cure.touch()
    assert told(plant, "outbox", "retry", letter["id"]) == (0, "due again")
    plant.start()
    plant.settled(60)
    assert plant.effects()["cured"] == 1
    assert plant.letters.listed("dead") == []
    assert told(plant, "outbox", "retry", letter["id"])[0] == 1, "it is done"


def told(plant: harness.Plant, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command line."""
    done = fitpro(plant.settings, {}, *arguments)
    return done.returncode, done.stdout.strip()


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=1) as made:
        yield made
