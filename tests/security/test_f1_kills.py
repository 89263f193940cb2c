"""F1: kill -9 of workers under load loses no committed job and applies none twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness
from tests.security.kills import Verdict, killing


def test_f1_no_committed_job_is_lost_or_done_twice_over_20_kills(plant: harness.Plant) -> None:
    _hold(killing(plant, kills=20), at_least=100)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_f1_no_committed_job_is_lost_or_done_twice_over_200_kills(plant: harness.Plant) -> None:
    _hold(killing(plant, kills=200, workers=3), at_least=1000)


def test_f1_the_harness_finds_what_a_worker_loses_that_acknowledges_before_the_effect(plant: harness.Plant) -> None:
    verdict = killing(plant, kills=8, pause_s=0.2, every_s=0.05, environ={"PROBE_FAULT": "ack_first"})
    assert verdict.lost


def _hold(verdict: Verdict, *, at_least: int) -> None:
    print(verdict)
    assert verdict.acknowledged >= at_least
    assert verdict.lost == frozenset()
    assert verdict.duplicated == frozenset()
    assert verdict.unexpected == frozenset()
    assert verdict.recovery_s <= 60
    assert verdict.attempts > 1, "no kill hit a running job: the test proved nothing"


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path) as made:
        yield made
