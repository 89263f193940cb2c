"""F2: a worker killed between a call to another service and writing down that it was made asks again with the same key."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe


@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.torture)])
def test_f2_every_job_is_one_charge_at_the_provider_and_one_effect_here(plant: harness.Plant, tmp_path: Path, kills: int) -> None:
    asked = killed_while_asking(plant, tmp_path / "provider", kills=kills)
    assert len(asked) >= 2 * kills, "a kill that nobody noticed proves nothing"
    charges = set(asked)
    assert sorted(name for _, name in charges) == sorted(f"charge {n}" for n in range(kills))
    assert plant.effects() == {f"charge {n}": 1 for n in range(kills)}


def test_f2_a_key_of_each_attempts_own_is_caught(plant: harness.Plant, tmp_path: Path) -> None:
    charges = set(killed_while_asking(plant, tmp_path / "provider", kills=3, keyed=False))
    assert len(charges) > 3
    assert plant.effects() == {f"charge {n}": 1 for n in range(3)}


def killed_while_asking(plant: harness.Plant, provider: Path, *, kills: int, keyed: bool = True) -> list[tuple[str, str]]:
    """Kill -9 a worker each time the provider was asked for a new job, and let the last one finish: (key, job) of every call."""

    def calls() -> list[tuple[str, str]]:
        lines = provider.read_text().splitlines() if provider.exists() else []
        return [(key, name) for key, _, name in (line.partition(" ") for line in lines)]

    workspace = plant.workspace()
    for n in range(kills):
        name = f"charge {n}"
        plant.inside(workspace, lambda: probe.charges(name=name, provider=str(provider), pause_s=1.5, keyed=keyed))  # noqa: B023
        worker = plant.start()
        harness.until(lambda: any(job == name for _, job in calls()))  # noqa: B023
        worker.signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
    plant.start()
    plant.settled(120)
    return calls()


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=1, worker_threads=2) as made:
        yield made
