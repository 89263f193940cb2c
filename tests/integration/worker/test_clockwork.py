"""Periodic tasks and sweeps."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from adapters.worker.periodic import Schedule, periodics
from ports.tasks import Periodic
from tests.integration.worker import probe
from tests.integration.worker.harness import Plant


def test_a_tick_makes_one_delivery_per_workspace_of_the_zone_that_has_the_module_on(plant: Plant) -> None:
    on, also, off, elsewhere = plant.workspace(), plant.workspace(), plant.workspace("other"), plant.workspace(timezone="America/Sao_Paulo")
    _pass_a_day(plant)
    plant.drain()
    rows = set(plant.query("select workspace_id, mark from probe_effect"))
    assert rows == {(w, "tick") for w in (on, also, elsewhere)} | {(w, "six") for w in (on, also, off, elsewhere)}
    assert sum(plant.effects().values()) == 7, "and after a day without a scheduler only the latest tick of each"


def test_each_zone_has_its_own_six_o_clock(plant: Plant) -> None:
    plant.workspace()
    plant.workspace(timezone="Asia/Tokyo")
    _pass_a_day(plant)
    keys = dict(
        plant.query(
            "select w.timezone, d.unique_key from outbox_deliveries d join workspaces w on w.id = d.workspace_id where d.handler = 'probecore:at_six'"
        )
    )
    assert {key.partition("T")[2] for key in keys.values()} == {"06:00"}
    ticks = dict(plant.query("select timezone, at from outbox_ticks where handler = 'probecore:at_six'"))
    assert (ticks["UTC"] - ticks["Asia/Tokyo"]) % timedelta(hours=24) == timedelta(hours=9)


def test_several_schedulers_and_a_forgotten_tick_double_nothing(plant: Plant) -> None:
    plant.workspace()
    _pass_a_day(plant)
    before = plant.undone()
    for _ in range(3):
        assert _schedule(plant).tick() == 0
    plant.owner.execute("update outbox_ticks set at = at - interval '1 day'")
    assert _schedule(plant).tick() == 0, "the unique key refuses what the table forgot"
    assert plant.undone() == before == 2


def test_a_new_task_waits_for_its_first_tick_instead_of_making_up_for_the_past(plant: Plant) -> None:
    plant.workspace()
    assert _schedule(plant).tick() == 0
    assert plant.undone() == 0
    assert len(plant.clockwork.ticks()) == 2


def test_a_running_worker_keeps_the_clock(plant: Plant) -> None:
    plant.workspace()
    _schedule(plant).tick()
    plant.owner.execute("update outbox_ticks set at = at - interval '1 day'")
    plant.start(environ={"PROBE_CLOCK": "on"})
    while plant.effects() != {"tick": 1, "six": 1}:
        assert len(plant.effects()) <= 2


def test_the_sweep_deletes_what_is_over_and_keeps_the_rest(plant: Plant) -> None:
    workspace = plant.workspace()
    for name in ("done long ago", "done today", "dead long ago", "dead today", "waiting for months"):
        plant.inside(workspace, lambda: probe.mail(name=name))  # noqa: B023
    plant.owner.execute("update outbox_deliveries set created_at = now() - interval '200 days'")
    for name, column, days in (
        ("done long ago", "done_at", 8),
        ("done today", "done_at", 6),
        ("dead long ago", "dead_at", 91),
        ("dead today", "dead_at", 89),
    ):
        plant.owner.execute(
            f"update outbox_deliveries set {column} = now() - make_interval(days => %s) where arguments ->> 'name' = %s", (days, name)
        )
    for days, delivered in ((8, False), (8, True), (6, False)):
        event = uuid.uuid4()
        plant.owner.execute(
            "insert into outbox (workspace_id, id, name, payload, created_at) values (%s, %s, %s, '{}', now() - make_interval(days => %s))",
            (workspace, event, f"{days} {delivered}", days),
        )
        if delivered:
            plant.owner.execute(
                "insert into outbox_deliveries (workspace_id, id, event_id, module, handler) values (%s, %s, %s, '', 'probe:x')",
                (workspace, uuid.uuid4(), event),
            )
    for hours in (23, 25):
        plant.owner.execute(
            "insert into idempotency_keys (user_id, scope_id, key, operation, fingerprint, created_at)"
            " values (%s, %s, 'k', 'o', 'f', now() - make_interval(hours => %s))",
            (uuid.uuid4(), workspace, hours),
        )
    assert plant.clockwork.sweep() == 4
    assert plant.clockwork.sweep() == 0
    left = {name for (name,) in plant.query("select arguments ->> 'name' from outbox_deliveries where arguments is not null")}
    assert left == {"done today", "dead today", "waiting for months"}
    assert {name for (name,) in plant.query("select name from outbox")} == {"8 True", "6 False"}
    assert plant.query("select count(*) from idempotency_keys") == [(1,)]


def test_the_relay_can_delete_nothing_that_is_not_over_and_reads_no_payload(plant: Plant) -> None:
    plant.inside(plant.workspace(), lambda: probe.mail(name="a secret"))
    with plant.relay.connection() as connection:
        assert connection.execute("delete from outbox_deliveries").rowcount == 0
        for statement in ("select arguments from outbox_deliveries", "select payload from outbox", "select name from workspaces"):
            with pytest.raises(Exception, match="permission denied"):
                connection.execute(statement)


def test_only_the_relay_may_fan_out(plant: Plant) -> None:
    with plant.app.pool.connection() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute("select app.fan_out('', 'x:y', 'default', 1::smallint, 'UTC', 'now', false)")


def test_a_zone_nobody_knows_is_left_out(plant: Plant) -> None:
    plant.workspace(timezone="Mars/Olympus")
    plant.workspace()
    _pass_a_day(plant)
    assert plant.undone() == 2


def _schedule(plant: Plant) -> Schedule:
    tasks = periodics(probe.registry())
    assert Periodic("probe", "probe:every_night", "default", 10, "7 3 * * *") in tasks
    return Schedule(plant.clockwork, tasks)


def _pass_a_day(plant: Plant) -> None:
    """The schedulers saw every task a day ago, and nothing since."""
    schedule = _schedule(plant)
    schedule.tick()
    plant.owner.execute("update outbox_ticks set at = %s", (datetime.now(UTC) - timedelta(days=1),))
    _schedule(plant).tick()
