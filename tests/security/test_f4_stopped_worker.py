"""F4: a worker that hangs loses its lease; when it wakes up, its work does not count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness
from tests.security.kills import LASTS_S, stopped

JOBS = 10


def test_f4_ten_jobs_of_a_worker_stopped_for_three_leases_are_done_once(plant: harness.Plant) -> None:
    assert stopped(plant, jobs=JOBS) == {f"job {n}": 1 for n in range(JOBS)}
    assert plant.query("select min(attempts), max(attempts) from outbox_deliveries") == [(2, 2)]


def test_f4_the_harness_finds_what_a_worker_doubles_that_ignores_its_lease(plant: harness.Plant) -> None:
    effects = stopped(plant, jobs=JOBS, environ={"PROBE_FAULT": "unfenced"})
    assert [mark for mark, times in effects.items() if times > 1]


@pytest.mark.torture
@pytest.mark.parametrize("turn", range(50))
def test_f4_fifty_stops_at_any_moment_of_the_jobs(plant: harness.Plant, turn: int) -> None:
    """Before their effects, between these and the done marks, and in the middle of either: the moments are spread over the time they take."""
    assert stopped(plant, jobs=JOBS, after_s=LASTS_S * turn / 50) == {f"job {n}": 1 for n in range(JOBS)}
    # At its end some are done already, and stay so.
    assert plant.query("select max(attempts) <= 2, max(attempts) = 2 or %s > 40 from outbox_deliveries", turn) == [(True, True)]


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path, lease_s=1, worker_threads=JOBS, pool_size=JOBS + 2) as made:
        yield made
