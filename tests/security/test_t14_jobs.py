"""T14: a job's workspace comes from its outbox row, never from what its arguments say."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.integration.worker import harness, probe


def test_t14_a_thousand_interleaved_jobs_of_three_workspaces_write_only_at_home(plant: harness.Plant) -> None:
    workspaces = [plant.workspace() for _ in range(3)]
    homes: dict[str, uuid.UUID] = {}
    for batch in range(100):
        home = random.choice(workspaces)
        names = [f"{batch}.{n}" for n in range(10)]
        homes |= dict.fromkeys(names, home)
        plant.inside(home, lambda: [probe.forged(name=n, workspace_id=str(random.choice(workspaces))) for n in names])  # noqa: B023
    for _ in range(2):
        plant.start()
    plant.settled(120)
    rows = plant.query("select mark, workspace_id, detail from probe_effect")
    assert len(rows) == 1000
    assert [row for row in rows if row[1] != homes[row[0]] or row[2] != str(homes[row[0]])] == []


def test_t14_a_job_that_writes_into_the_workspace_of_an_argument_is_refused(plant: harness.Plant) -> None:
    home, target = plant.workspace(), plant.workspace()
    plant.inside(home, lambda: probe.trespass(target=target))
    plant.drain()
    assert plant.query("select 1 from probe_effect") == []
    [letter] = plant.letters.listed("dead")
    assert letter["last_error"].startswith("Forbidden")


def test_t14_the_check_would_see_a_write_into_another_workspace(plant: harness.Plant) -> None:
    home = plant.workspace()
    plant.inside(home, lambda: probe.trespass(target=home))
    plant.drain()
    assert plant.effects() == {"trespass": 1}


def test_t14_a_delivery_moved_to_another_workspace_finds_no_event_there(plant: harness.Plant) -> None:
    """A row forged as the owner: its event stays at home, so the key refuses it."""
    import psycopg

    home, away = plant.workspace(), plant.workspace()
    plant.inside(home, lambda: probe.mark(name="x"))
    plant.owner.execute("insert into outbox (workspace_id, id, name, payload) values (%s, %s, 'probe_happened', '{}')", (home, uuid.UUID(int=1)))
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        plant.owner.execute("update outbox_deliveries set workspace_id = %s, event_id = %s", (away, uuid.UUID(int=1)))


@pytest.fixture
def plant(cluster: servers.Cluster, tmp_path: Path) -> Iterator[harness.Plant]:
    with harness.plant(cluster, tmp_path) as made:
        yield made
