"""The relay: looks for what is due, rings for it, and works itself when the bell is broken. Also keeps the clock and sweeps."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.worker.periodic import Schedule
from adapters.worker.worker import Worker
from kernel.errors import DomainError
from ports.tasks import BrokerDown, Clockwork, Doorbell, Leases

log = logging.getLogger(__name__)

_CLOCK_S: Final = 5.0
_SWEEP_S: Final = 600.0
_REST_S: Final = 2.0


class Relay:
    """One per worker process; several relays do no harm. queues: only these, all when empty. threads: bells worth ringing at once."""

    def __init__(
        self, leases: Leases, doorbell: Doorbell, worker: Worker, schedule: Schedule, clockwork: Clockwork,
        *, queues: Sequence[str] = (), poll_s: float = 0.25, threads: int = 2,
    ) -> None:  # fmt: skip
        self._leases = leases
        self._doorbell = doorbell
        self._worker = worker
        self._schedule = schedule
        self._clockwork = clockwork
        self._queues = queues
        self._poll_s = poll_s
        self._threads = threads
        self._broken = False
        self._clock_at = self._sweep_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience_s: float) -> bool:
        """Whether it ended in time."""
        self._stop.set()
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def turn(self) -> None:
        """One look at everything."""
        ready = self._leases.ready(self._queues, self._threads)
        if ready:
            try:
                self._ring(ready)
            except BrokerDown as error:
                self._say(broken=True, reason=str(error))
                for queue in ready:
                    self._worker.drain(queue)
        if time.monotonic() >= self._clock_at:
            self._schedule.tick()
            self._clock_at = time.monotonic() + _CLOCK_S
        if time.monotonic() >= self._sweep_at:
            swept = self._clockwork.sweep()
            self._sweep_at = time.monotonic() + (_CLOCK_S if swept else _SWEEP_S)

    def _ring(self, ready: Mapping[str, int]) -> None:
        pending = self._doorbell.pending()
        self._say(broken=False)
        if pending >= self._threads:
            return
        for queue, claimable in ready.items():
            for _ in range(claimable):
                self._doorbell.ring(queue)

    def _say(self, *, broken: bool, reason: str = "") -> None:
        if broken != self._broken:
            self._broken = broken
            log.warning("the broker is away, the relay works itself: %s", reason) if broken else log.warning("the broker is back")

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = self._poll_s
            try:
                self.turn()
            except DomainError as error:
                log.warning("relay: %s", error.code)
                pause = _REST_S
            except Exception:
                log.exception("relay")
                pause = _REST_S
            self._stop.wait(pause)
