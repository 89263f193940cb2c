"""Tasks with a clock: which ticks are due in which zone, told to the database once each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from kernel.manifest import Manifest
from kernel.registry import Registry
from ports.tasks import Clockwork, Periodic

log = logging.getLogger(__name__)


def problems(manifest: Manifest) -> list[str]:
    """What is wrong with the crons of a plugin's tasks, a sentence each."""
    found = []
    for task in manifest.tasks.values():
        if task.cron is None:
            continue
        if not _readable(task.cron):
            found.append(f"task {task.name}: {task.cron!r} is not a cron of five fields")
        elif task.required:
            found.append(f"task {task.name} is periodic and so cannot have arguments ({', '.join(task.required)})")
    return found


def periodics(registry: Registry) -> list[Periodic]:
    """Every task with a readable clock."""
    return [
        Periodic(manifest.module, f"{id}:{task.name}", task.queue, task.retries + 1, task.cron, platform=manifest.database != "app")
        for id, manifest in registry.plugins.items()
        for task in manifest.tasks.values()
        if task.cron is not None and _readable(task.cron)
    ]


class Schedule:
    """Fans out what is due. Any number may run at once. After a standstill only the latest tick of each task is made up for."""

    def __init__(self, clockwork: Clockwork, tasks: Sequence[Periodic]) -> None:
        self._clockwork = clockwork
        self._tasks = tasks
        self._minute: datetime | None = None

    def tick(self) -> int:
        """Deliveries made. Costs one query unless a new minute has begun."""
        if not self._tasks:
            return 0
        now, zones = self._clockwork.zones()
        minute = now.replace(second=0, microsecond=0)
        if minute == self._minute:
            return 0
        known = self._clockwork.ticks()
        made = 0
        for zone in {"UTC", *zones}:
            for task in self._tasks:
                if zone not in (("UTC",) if task.platform else zones):
                    continue
                last = known.get((task.handler, zone))
                if last is None:
                    self._clockwork.start(task, zone, now)
                elif (due := latest(task.cron, zone, now)) is not None and due > last:
                    made += self._clockwork.fan_out(task, zone, due, f"{due.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}")
        self._minute = minute
        return made


def latest(cron: str, zone: str, now: datetime) -> datetime | None:
    """The last tick up to now, in UTC; None without any, or in a zone nobody knows. In an hour that comes twice, only the first ticks."""
    try:
        local = now.astimezone(ZoneInfo(zone))
        # Backwards from the end of this minute: a tick of this very minute is due.
        tick = next(CronSim(cron, local.replace(second=59, microsecond=0), reverse=True), None)
        return None if tick is None else tick.replace(fold=0).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("unknown time zone", extra={"zone": zone})
        return None


def _readable(cron: str) -> bool:
    try:
        CronSim(cron, datetime(2026, 1, 1))  # noqa: DTZ001 - any moment will do
    except CronSimError:
        return False
    return len(cron.split()) == 5
