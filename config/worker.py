"""`fitpro worker`: a relay, a heartbeat and the threads that answer the bell, until a signal."""

from __future__ import annotations

import dataclasses
import logging
import signal
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any, Final

from adapters.postgres.outbox import OutboxClockwork, OutboxLeases
from adapters.redis import broker
from adapters.worker.doorbell import HueyDoorbell
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.periodic import Schedule, periodics
from adapters.worker.relay import Relay
from adapters.worker.worker import Backoff, Worker
from config.bootstrap import Installation, install, jobs
from config.secrets import derive_key
from config.settings import Settings

PATIENCE_S: Final = 25.0
"""How long the jobs at hand may take after a signal; the rest keeps its lease and is another's."""
_HEALTH_S: Final = 10.0

log = logging.getLogger(__name__)


def run(settings: Settings, queues: Sequence[str] = ()) -> int:
    """Work until SIGTERM, SIGINT or SIGHUP; the exit code to leave with. ValueError for a queue that nothing is put into."""
    # Connections for the jobs at hand, the relay's own when there is no broker, the heartbeat.
    room = max(settings.pool_size, settings.worker_threads + 2)
    installation = install(dataclasses.replace(settings, pool_size=room))
    plugins = installation.registry.plugins.values()
    known = {each.queue for plugin in plugins for each in plugin.listeners} | {each.queue for plugin in plugins for each in plugin.tasks.values()}
    if unknown := sorted({*queues} - known):
        raise ValueError(f"No job is ever put into the queue {', '.join(unknown)}: there are {', '.join(sorted(known))}.")
    return work(installation, queues)


def work(installation: Installation, queues: Sequence[str] = (), *, backoff: Backoff | None = None) -> int:
    """The same for an installation at hand. Only from the main thread: it handles signals."""
    logging.getLogger("huey").setLevel(logging.WARNING)  # bells are no news
    asked: list[int] = []

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    settings, container = installation.settings, installation.container
    threads, lease_s = settings.worker_threads, float(settings.lease_s)
    relay_pool = container.relay_pool()
    leases, clockwork = OutboxLeases(relay_pool), OutboxClockwork(relay_pool)
    heartbeat = Heartbeat(leases, lease_s=lease_s)
    worker = Worker(leases, jobs(installation, lease_s=lease_s), heartbeat, lease_s=lease_s, backoff=backoff)
    doorbell = _doorbell(installation, queues, worker)
    relay = Relay(
        leases, doorbell, worker, Schedule(clockwork, periodics(installation.registry)), clockwork,
        queues=queues, poll_s=settings.poll_ms / 1000, threads=threads,
    )  # fmt: skip
    consumer = doorbell.consumer(threads, patience_s=PATIENCE_S)
    heartbeat.start()
    consumer.start()
    relay.start()
    log.info("worker started", extra={"threads": threads, "queues": ",".join(queues) or "all"})
    health_at = time.monotonic() + _HEALTH_S
    while not asked:
        time.sleep(0.1)
        if time.monotonic() >= health_at:
            consumer.check_worker_health()
            health_at = time.monotonic() + _HEALTH_S
    worker.stop()
    began = time.monotonic()
    consumer.stop(graceful=True)
    relay.stop(max(0.5, PATIENCE_S - (time.monotonic() - began)))
    heartbeat.stop()
    log.info("worker stopped", extra={"seconds": round(time.monotonic() - began, 1)})
    return 0


def _doorbell(installation: Installation, queues: Sequence[str], worker: Worker) -> HueyDoorbell:
    """Workers of the same queues share a bell: one that does not serve a queue must not swallow its rings."""
    settings, container = installation.settings, installation.container
    storage: str = "redis" if settings.redis_url else "postgres"
    options: Mapping[str, Any] = broker.storage(settings.redis_url) if settings.redis_url else {"dsn": container.connections().relay}
    name = "-".join(("fitpro", *sorted(queues)))
    return HueyDoorbell(name, key=derive_key(settings.secret_key, "broker messages"), storage=storage, options=options, work=worker.drain)
