"""Claims what may run, one delivery at a time and in turn between workspaces, and decides what becomes of each."""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from adapters.worker.heartbeat import Heartbeat
from adapters.worker.job import Jobs, Outcome
from ports.mail import Undeliverable
from ports.tasks import Delivery, Leases

log = logging.getLogger(__name__)

NOBODY: Final = UUID(int=0)
ELSEWHERE_S: Final = 30.0
TURN_S: Final = 2.0  # how long one bell may keep a thread on one queue while other queues wait
_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between attempts: full jitter below first_s · 2^n, at most longest_s."""

    first_s: float = 5.0
    longest_s: float = 3600.0

    def after(self, attempts: int) -> float:
        """Seconds to wait after so many attempts (1 or more)."""
        return random.uniform(0, min(self.longest_s, self.first_s * 2 ** min(attempts - 1, 30)))  # noqa: S311 - spreads load, hides nothing


class Worker:
    """Any number of threads may drain at once. leases count attempts when claiming, so a job that kills the process runs out of them."""

    def __init__(self, leases: Leases, jobs: Jobs, heartbeat: Heartbeat, *, lease_s: float, backoff: Backoff | None = None) -> None:
        self._leases = leases
        self._jobs = jobs
        self._heartbeat = heartbeat
        self._lease_s = lease_s
        self._backoff = backoff or Backoff()
        self._served: dict[str, UUID] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take nothing new; the jobs at hand go on (a job of steps stops at its next one)."""
        self._stopping.set()

    @property
    def running(self) -> bool:
        return not self._stopping.is_set()

    def drain(self, queue: str) -> bool:
        """Work until nothing may run or the turn is over. True when there may be more."""
        deadline = time.monotonic() + TURN_S
        while self.running:
            delivery = self._claim(queue)
            if delivery is None:
                return False
            self.handle(delivery)
            if time.monotonic() >= deadline:
                return True
        return False

    def _claim(self, queue: str) -> Delivery | None:
        """The workspaces take turns: the next one is the first beyond the last one served."""
        after = self._served.get(queue, NOBODY)
        delivery = self._leases.claim(queue, after, self._lease_s)
        if delivery is None and after != NOBODY:
            delivery = self._leases.claim(queue, NOBODY, self._lease_s)
        self._served[queue] = delivery.workspace_id if delivery else NOBODY
        return delivery

    def handle(self, delivery: Delivery) -> None:
        """Run it and record the outcome. A fault of the database leaves it to its lease's end."""
        if delivery.attempts > delivery.max_attempts:
            self._park(delivery, "WorkerDied: the process ended while running it, every time")
            return
        try:
            with self._heartbeat.holding(delivery):
                outcome = self._jobs.run(delivery, go_on=lambda: self._going_on(delivery))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a handler may raise anything, and one must not stop the others
            self._failed(delivery, error)
            return
        if outcome is Outcome.OFF:
            self._leases.skip(delivery)
        elif outcome is Outcome.PAUSED:
            self._leases.retry(delivery, 0)
        elif outcome is Outcome.ELSEWHERE:
            self._leases.retry(delivery, ELSEWHERE_S)
        if outcome is not Outcome.DONE:
            log.info("job not done: %s", outcome.value, extra=_names(delivery))

    def _going_on(self, delivery: Delivery) -> bool:
        self._heartbeat.touch(delivery)
        return self.running

    def _failed(self, delivery: Delivery, error: BaseException) -> None:
        text = described(error)
        log.warning("job failed: %s", text, exc_info=error, extra=_names(delivery))
        if delivery.attempts >= delivery.max_attempts or isinstance(error, Undeliverable):
            self._park(delivery, text)
        else:
            self._leases.retry(delivery, self._backoff.after(delivery.attempts), text)

    def _park(self, delivery: Delivery, text: str) -> None:
        if self._leases.park(delivery, text):
            log.error("job parked: %s", text, extra=_names(delivery))


def described(error: BaseException) -> str:
    """The kind and first line of an error: later lines of a driver's message quote rows."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:_TEXT]


def _names(delivery: Delivery) -> dict[str, object]:
    return {
        "handler": delivery.handler, "job_id": str(delivery.id), "workspace_id": str(delivery.workspace_id),
        "attempts": delivery.attempts, "request_id": delivery.request_id,
    }  # fmt: skip
