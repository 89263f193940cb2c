"""Which tick is due, in a zone with its own clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.worker.periodic import latest, problems
from kernel.manifest import Manifest


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "now", "tick"),
    [
        ("0 6 * * *", "UTC", "2026-03-01T06:00:00", "2026-03-01T06:00:00"),
        ("0 6 * * *", "UTC", "2026-03-01T05:59:59", "2026-02-28T06:00:00"),
        ("0 6 * * *", "America/Sao_Paulo", "2026-03-01T09:00:30", "2026-03-01T09:00:00"),
        ("0 6 * * *", "Asia/Kathmandu", "2026-03-01T00:15:00", "2026-03-01T00:15:00"),
        ("*/5 * * * *", "UTC", "2026-03-01T06:04:59", "2026-03-01T06:00:00"),
        ("0 0 29 2 *", "UTC", "2026-03-01T00:00:00", "2024-02-29T00:00:00"),
        ("0 9 * * 1", "UTC", "2026-03-04T00:00:00", "2026-03-02T09:00:00"),
        # The last Sunday of March: 01:59 is followed by 03:00 in Madrid, and of October: 02:59 by 02:00.
        ("30 2 * * *", "Europe/Madrid", "2026-03-29T12:00:00", "2026-03-29T01:00:00"),
        ("30 2 * * *", "Europe/Madrid", "2026-10-25T12:00:00", "2026-10-25T00:30:00"),
    ],
)
def test_the_latest_tick_is_on_the_wall_clock_of_the_zone(cron: str, zone: str, now: str, tick: str) -> None:
    assert latest(cron, zone, at(now)) == at(tick)


def test_a_night_in_which_the_hour_comes_twice_has_one_tick() -> None:
    last, ticks = at("2026-10-24T12:00:00"), []
    for minute in range(20 * 60):
        due = latest("30 2 * * *", "Europe/Madrid", at("2026-10-24T12:00:00") + timedelta(minutes=minute))
        if due is not None and due > last:
            last = due
            ticks.append(due)
    assert ticks == [at("2026-10-25T00:30:00")]


def test_a_zone_nobody_knows_has_no_tick() -> None:
    assert latest("0 6 * * *", "Mars/Olympus", at("2026-03-01T06:00:00")) is None


def test_a_clock_that_cannot_be_read_and_a_periodic_task_with_arguments_are_problems() -> None:
    plugin = Manifest("probe", api=1)

    @plugin.task(cron="every day")
    def unreadable() -> None: ...

    @plugin.task(cron="0 6 * * * *")
    def six_fields() -> None: ...

    @plugin.task(cron="0 6 * * *")
    def needs(something: str) -> None: ...

    @plugin.task(cron="0 6 * * *")
    def fine(something: str = "") -> None: ...

    found = problems(plugin)
    assert len(found) == 3
    assert "'every day'" in found[0]
    assert "six_fields" in found[1]
    assert "needs" in found[2]
    assert "something" in found[2]
