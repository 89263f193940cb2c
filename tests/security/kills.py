"""Workers killed at random points under load, and what came out of it compared with what went in."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.integration.worker import probe
from tests.integration.worker.harness import Child, Plant, until

LASTS_S = 3.0
"""A job of a worker that is stopped in the middle of it."""


@dataclass(frozen=True)
class Verdict:
    """Jepsen's sets. recovery_s: from the last kill until nothing waited."""

    acknowledged: int
    lost: frozenset[str]
    duplicated: frozenset[str]
    unexpected: frozenset[str]
    recovery_s: float
    attempts: int


class Load:
    """Queues jobs from a thread until told to stop; remembers those whose transaction committed."""

    def __init__(self, plant: Plant, *, pause_s: float, every_s: float) -> None:
        self._plant = plant
        self._workspaces = [plant.workspace() for _ in range(3)]
        self._pause_s = pause_s
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.acknowledged: list[str] = []

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            names = [uuid.uuid4().hex for _ in range(3)]
            pause = random.uniform(0, 2 * self._pause_s)
            self._plant.inside(random.choice(self._workspaces), lambda: [probe.mark(name=n, pause_s=pause) for n in names])  # noqa: B023
            self.acknowledged += names


def killing(
    plant: Plant, *, kills: int, workers: int = 2, pause_s: float = 0.02, every_s: float = 0.05, environ: Mapping[str, str] | None = None
) -> Verdict:
    """Kill -9 one of the workers at a random moment, start another, and so on; then let the last ones finish."""
    running: list[Child] = [plant.start(environ=environ) for _ in range(workers)]
    with Load(plant, pause_s=pause_s, every_s=every_s) as load:
        for _ in range(kills):
            time.sleep(random.uniform(0.05, 0.4))
            victim = running.pop(random.randrange(len(running)))
            victim.signal(signal.SIGKILL)
            assert victim.wait() == -signal.SIGKILL
            running.append(plant.start(environ=environ))
    killed_at = time.monotonic()
    plant.settled(90)
    recovery_s = time.monotonic() - killed_at
    effects: Counter[str] = plant.effects()
    expected = set(load.acknowledged)
    [(attempts,)] = plant.query("select coalesce(max(attempts), 0) from outbox_deliveries")
    return Verdict(
        acknowledged=len(expected),
        lost=frozenset(expected - set(effects)),
        duplicated=frozenset(mark for mark, times in effects.items() if times > 1),
        unexpected=frozenset(set(effects) - expected),
        recovery_s=recovery_s,
        attempts=attempts,
    )


def stopped(plant: Plant, *, jobs: int, after_s: float = 0.2, environ: Mapping[str, str] | None = None) -> Counter[str]:
    """SIGSTOP a worker in the middle of its jobs for three leases, let another do them, and let the first go on.

    after_s: since it has them all, of the LASTS_S that each takes, with its effect in the middle.
    """
    workspace = plant.workspace()
    plant.inside(workspace, lambda: [probe.mark(name=f"job {n}", pause_s=LASTS_S) for n in range(jobs)])
    sleeper = plant.start(environ=environ)
    until(lambda: plant.query("select count(*) from outbox_deliveries where lease_token is not null")[0][0] == jobs)
    time.sleep(after_s)
    sleeper.signal(signal.SIGSTOP)
    other = plant.start(environ=environ)
    time.sleep(3 * plant.settings.lease_s)
    with contextlib.suppress(AssertionError):
        plant.settled(30)
    sleeper.signal(signal.SIGCONT)
    time.sleep(LASTS_S + 1)
    assert sleeper.alive()
    assert other.alive()
    return plant.effects()
