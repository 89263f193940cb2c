"""F3: a job that kills its worker dies itself, and delays nobody."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe
from tests.packages import fitpro

ATTEMPTS = 10  # a task's, unless it says otherwise
OTHERS = 40
P90_S, WORST_S = 5.0, 20.0
"""What a worker has at hand when it is killed waits for its lease, and for the next one to start; nobody waits as long as the poison lives."""


@dataclass(frozen=True)
class Verdict:
    """crashes: the exit codes of workers, in order; dead: the job was given up; p90_s, worst_s: of the others, from request to end."""

    crashes: list[int]
    dead: bool
    undone: set[str]
    p90_s: float
    worst_s: float


def poisoned(plant: harness.Plant, workspace: uuid.UUID, cure: Path, environ: Mapping[str, str] | None = None) -> Verdict:
    """Two supervised workers with the poison and, meanwhile, jobs of somebody else; until the poison is dead or killed more than it may."""
    other = plant.workspace()
    plant.inside(workspace, lambda: probe.poison(cured=str(cure)))
    done = threading.Event()
    crashes: list[int] = []

    def supervise() -> None:
        child = plant.start(ready=False, environ=environ)  # the poison may kill it before anybody sees that it works
        while not done.is_set():
            if not child.alive():
                crashes.append(child.wait())
                child = plant.start(ready=False, environ=environ)
            done.wait(0.05)
        if not child.alive():  # while the last one was started
            crashes.append(child.wait())

    supervisors = [threading.Thread(target=supervise, daemon=True) for _ in range(2)]
    for supervisor in supervisors:
        supervisor.start()
    others, deadline = 0, time.monotonic() + 90
    while time.monotonic() < deadline and len(crashes) <= ATTEMPTS and (others < OTHERS or not plant.letters.listed("dead")):
        plant.inside(other, lambda: probe.mark(name=f"{others}"))  # noqa: B023
        others += 1
        done.wait(0.1)
    while time.monotonic() < deadline and len(crashes) <= ATTEMPTS and plant.undone():
        time.sleep(0.05)
    done.set()
    for supervisor in supervisors:
        supervisor.join()
    effects = plant.effects()
    [took] = plant.query(
        "select percentile_cont(array[0.9, 1]) within group (order by extract(epoch from coalesce(done_at, now()) - created_at))"
        " from outbox_deliveries where workspace_id = %s",
        other,
    )
    return Verdict(crashes, bool(plant.letters.listed("dead")), {f"{n}" for n in range(others) if effects[f"{n}"] != 1}, *took[0])


def judge(verdict: Verdict) -> list[str]:
    """The row's rules, each with its own complaint."""
    faults = []
    if len(verdict.crashes) > ATTEMPTS:
        faults.append(f"killed {len(verdict.crashes)} workers")
    if not verdict.dead:
        faults.append("not given up")
    if verdict.undone:
        faults.append(f"{len(verdict.undone)} others not done once")
    if verdict.p90_s >= P90_S or verdict.worst_s >= WORST_S:
        faults.append(f"others took {verdict.p90_s:.1f} s, one {verdict.worst_s:.1f} s")
    return faults


def test_f3_a_job_that_kills_its_process_is_parked_and_the_others_are_served_until_it_is_cured_and_revived(plant: harness.Plant) -> None:
    workspace, cure = plant.workspace(), plant.folder / "cure"
    verdict = poisoned(plant, workspace, cure)
    print(f"F3: {len(verdict.crashes)} crashes; others: p90 {verdict.p90_s:.2f} s, at most {verdict.worst_s:.2f} s")
    assert not judge(verdict), verdict
    assert verdict.crashes == [9] * ATTEMPTS, "one per attempt"
    [letter] = plant.letters.listed("dead")
    assert letter["handler"] == "probe:poison"
    assert letter["last_error"].startswith("WorkerDied")
    # The workspace it belonged to can see that it was given up. One more than its attempts: counted by whoever looked at it last.
    [trace] = plant.query("select workspace_id, record_id, actor, after - 'dead_at' from audit_logs where action = 'park'")
    assert trace == (workspace, letter["id"], "system", {"handler": "probe:poison", "queue": "default", "attempts": ATTEMPTS + 1})
    cure.touch()
    assert told(plant, "outbox", "retry", letter["id"]) == (0, "due again")
    plant.start()
    plant.settled(60)
    assert plant.effects()["cured"] == 1
    assert plant.letters.listed("dead") == []
    assert told(plant, "outbox", "retry", letter["id"])[0] == 1, "it is done"


def test_f3_a_worker_that_counts_an_attempt_when_it_ends_is_noticed(plant: harness.Plant) -> None:
    verdict = poisoned(plant, plant.workspace(), plant.folder / "cure", {"PROBE_FAULT": "uncounted"})
    assert {each.partition(" ")[0] for each in judge(verdict)} >= {"killed", "not"}, verdict


@pytest.mark.parametrize(
    ("verdict", "complaint"),
    [
        (Verdict([9] * ATTEMPTS, True, {"7"}, 0.1, 0.1), "1 others not done once"),
        (Verdict([9] * ATTEMPTS, True, set(), P90_S, P90_S), "others took 5.0 s, one 5.0 s"),
        (Verdict([9] * ATTEMPTS, True, set(), 0.1, WORST_S), "others took 0.1 s, one 20.0 s"),
    ],
)
def test_f3_what_is_done_to_others_is_noticed(verdict: Verdict, complaint: str) -> None:
    assert judge(verdict) == [complaint]


def told(plant: harness.Plant, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command line."""
    done = fitpro(plant.settings, {}, *arguments)
    return done.returncode, done.stdout.strip()


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=2) as made:
        yield made
