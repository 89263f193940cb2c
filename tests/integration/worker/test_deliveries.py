"""Deliveries from the emitting transaction to done, skipped or dead."""

from __future__ import annotations

import signal
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kernel.registry import Registry
from tests.integration.worker import probe
from tests.integration.worker.harness import Plant, until

THING = uuid.UUID(int=7)


def _emit() -> None:
    probe.probe_happened(thing_id=THING, at=datetime.now(UTC), day=date(2026, 3, 1), note=None)


def test_an_event_reaches_enabled_and_core_listeners_with_the_arguments_they_ask_for_in_their_types(plant: Plant) -> None:
    on, off = plant.workspace(), plant.workspace("other")
    plant.inside(on, _emit)
    plant.inside(off, _emit)
    assert sorted(plant.query("select module, handler from outbox_deliveries where workspace_id = %s", on)) == [
        ("", "probecore:probe_happened"),
        ("probe", "probe:probe_happened"),
    ]
    plant.drain()
    rows = plant.query("select workspace_id, mark, detail from probe_effect")
    assert sorted(rows) == sorted([(on, "heard", f"date UUID datetime {THING}"), (on, "core heard", "None"), (off, "core heard", "None")])


def test_nothing_is_delivered_of_a_transaction_that_rolled_back(plant: Plant) -> None:
    plant.inside(plant.workspace(), _emit, commit=False)
    plant.drain()
    assert plant.query("select 1 from outbox_deliveries") == []
    assert not plant.effects()


def test_a_delivery_whose_module_went_off_is_kept_and_can_be_done_once_it_is_on_again(plant: Plant) -> None:
    workspace = plant.workspace()
    plant.inside(workspace, lambda: probe.mark(name="later"))
    plant.owner.execute("update workspaces set modules = '{}' where id = %s", (workspace,))
    plant.drain()
    [(id, skipped, attempts)] = plant.query("select id, skipped_at, attempts from outbox_deliveries")
    assert skipped is not None
    assert attempts == 0
    assert not plant.effects()
    plant.owner.execute("update workspaces set modules = '{probe}' where id = %s", (workspace,))
    assert plant.letters.retry(id)
    plant.drain()
    assert plant.effects() == {"later": 1}


def test_a_job_that_always_fails_is_parked_with_one_line_of_its_error_and_stops_nobody(plant: Plant) -> None:
    workspace = plant.workspace()
    plant.inside(workspace, lambda: [probe.fails(name="never"), probe.mark(name="fine")])
    plant.drain()
    assert plant.effects() == {"fine": 1}
    [letter] = plant.letters.listed("dead")
    assert (letter["handler"], letter["attempts"], letter["last_error"]) == ("probe:fails", 3, "ValueError: it never works")
    assert {(row["handler"], row["state"], row["count"]) for row in plant.letters.counts()} == {("probe:fails", "dead", 1)}


def test_dead_letters_can_be_retried_and_purged(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: probe.fails(name="never"))
    plant.drain()
    id = uuid.UUID(plant.letters.listed("dead")[0]["id"])
    assert plant.letters.retry(id)
    assert [row["id"] for row in plant.letters.listed("pending")] == [str(id)]
    plant.drain()
    assert plant.letters.retry_dead() == 1
    plant.drain()
    assert plant.letters.purge_dead() == 1
    assert plant.letters.counts() == []
    assert not plant.letters.retry(id)


def test_a_failed_attempt_waits_and_the_next_one_counts(plant: Plant, tmp_path: Path) -> None:
    plant.inside(plant.workspace(), lambda: probe.fails_once(flag=str(tmp_path / "flag")))
    plant.drain()
    assert plant.effects() == {"worked in the end": 1}
    assert plant.query("select attempts, last_error, done_at is not null from outbox_deliveries") == [
        (2, "RuntimeError: the first time it fails", True)
    ]


def test_a_delivery_of_a_plugin_that_is_not_here_waits_uncounted(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: probe.mark(name="patience"))
    plant.drain(plant.worker(Registry()))
    [(attempts, seconds, error)] = plant.query(
        "select attempts, extract(epoch from available_at - clock_timestamp())::float, last_error from outbox_deliveries"
    )
    assert (attempts, error) == (0, None)
    assert 10 < seconds <= 30
    plant.owner.execute("update outbox_deliveries set available_at = now()")
    plant.drain()
    assert plant.effects() == {"patience": 1}


def test_the_same_key_goes_one_after_another_and_a_parked_one_does_not_block(plant: Plant) -> None:
    workspace = plant.workspace()
    plant.inside(workspace, lambda: [probe.mark.schedule({"name": f"{n}"}, key="k") for n in range(3)])
    first = plant.leases.claim("default", uuid.UUID(int=0), 60)
    assert first is not None
    assert plant.leases.claim("default", uuid.UUID(int=0), 60) is None, "the second waits for the first"
    assert plant.leases.park(first, "Test: parked")
    second = plant.leases.claim("default", uuid.UUID(int=0), 60)
    assert second is not None
    assert plant.leases.retry(second, 0)
    plant.drain()
    assert plant.query("select mark from probe_effect order by at") == [("1",), ("2",)]


def test_a_timer_waits_for_its_time(plant: Plant) -> None:
    workspace = plant.workspace()
    later = datetime.now(UTC) + timedelta(hours=1)
    plant.inside(workspace, lambda: probe.mark.schedule({"name": "later"}, at=later))
    plant.drain()
    assert not plant.effects()
    plant.start()
    soon = datetime.now(UTC) + timedelta(seconds=1)
    plant.inside(workspace, lambda: probe.mark.schedule({"name": "soon"}, at=soon))
    until(plant.effects)
    [(mark, at)] = plant.query("select mark, at from probe_effect")
    assert (mark, soon <= at) == ("soon", True)


def test_a_unique_job_is_stored_once(plant: Plant) -> None:
    workspace = plant.workspace()
    for _ in range(3):
        plant.inside(workspace, lambda: probe.mark.schedule({"name": "once"}, unique="the only one"))
    plant.drain()
    assert plant.effects() == {"once": 1}


def test_workspaces_take_turns_however_much_one_of_them_has_waiting(plant: Plant) -> None:
    loud, quiet, shy = sorted(plant.workspace() for _ in range(3))
    plant.inside(loud, lambda: [probe.mark(name="loud") for _ in range(300)])
    for workspace in (quiet, shy):
        plant.inside(workspace, lambda: [probe.mark(name="quiet") for _ in range(5)])
    plant.drain()
    order = [mark for (mark,) in plant.query("select mark from probe_effect order by at")]
    assert len(order) == 310
    assert max(i for i, mark in enumerate(order) if mark == "quiet") < 16


def test_steps_commit_one_by_one_and_go_on_after_a_kill(plant: Plant, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    plant.inside(plant.workspace(), lambda: probe.count(upto=8, go_on=str(go_on)))
    child = plant.start()
    while sum(plant.effects().values()) < 3:
        assert child.alive()
    child.signal(signal.SIGKILL)
    go_on.touch()
    plant.start()
    plant.settled()
    assert plant.effects() == {f"step {n}": 1 for n in range(8)}
    assert plant.query("select progress, attempts from outbox_deliveries") == [({"done": 8, "of": 8}, 2)]


def test_a_worker_asked_to_stop_lays_a_job_of_steps_down_for_the_next_one(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: probe.count(upto=40, pause_s=0.1))
    child = plant.start()
    while not plant.effects():
        assert child.alive()
    child.signal(signal.SIGTERM)
    assert child.wait() == 0
    assert 0 < sum(plant.effects().values()) < 40
    assert plant.query("select attempts, lease_token from outbox_deliveries") == [(0, None)]
    plant.drain()
    assert plant.effects() == {f"step {n}": 1 for n in range(40)}


def test_a_job_longer_than_its_lease_keeps_it(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: probe.mark(name="long", pause_s=10.0))
    plant.start()
    plant.start()
    plant.settled()
    assert plant.effects() == {"long": 1}
    assert plant.query("select attempts from outbox_deliveries") == [(1,)]


def test_an_outside_job_keeps_its_phases_and_its_id_over_attempts(plant: Plant, tmp_path: Path) -> None:
    log = tmp_path / "log"
    id = plant.inside(plant.workspace(), lambda: probe.sends(name="sent", log=str(log)))
    plant.drain()
    assert log.read_text().splitlines() == [f"{id} None", f"{id} sent"]
    assert plant.effects() == {"sent": 1, "sent again": 1}


def test_a_worker_of_one_queue_leaves_the_others_alone(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: [probe.mark(name="default"), probe.mail(name="mail")])
    plant.start("mail")
    while plant.effects() != {"mail": 1}:
        assert plant.undone()
    plant.start()
    plant.settled()
    assert plant.effects() == {"mail": 1, "default": 1}


def test_a_task_of_a_core_plugin_needs_no_module(plant: Plant) -> None:
    plant.inside(plant.workspace("other"), lambda: probe.core_mark(name="core"))
    plant.drain()
    assert plant.effects() == {"core": 1}


def test_arguments_that_do_not_fit_are_refused_when_queueing(plant: Plant) -> None:
    with pytest.raises(TypeError):
        plant.inside(plant.workspace(), lambda: probe.mark(nothing="x"))
