"""Keeps the leases of running jobs alive, at a third of their length."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from kernel.errors import DomainError
from ports.tasks import Delivery, Leases

log = logging.getLogger(__name__)


class Heartbeat:
    """One thread for all jobs of a process. longest_s: a step that takes longer is given up: its lease ends, so that another may try."""

    def __init__(self, leases: Leases, *, lease_s: float, longest_s: float = 900.0) -> None:
        self._leases = leases
        self._lease_s = lease_s
        self._longest_s = longest_s
        self._held: dict[UUID, tuple[Delivery, float]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2)

    @contextmanager
    def holding(self, delivery: Delivery) -> Iterator[None]:
        self.touch(delivery)
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(delivery.id, None)

    def touch(self, delivery: Delivery) -> None:
        """It makes progress: count its time from here."""
        with self._lock:
            self._held[delivery.id] = (delivery, time.monotonic())

    def _beat(self) -> None:
        while not self._stop.wait(self._lease_s / 3):
            with self._lock:
                held = list(self._held.values())
            for delivery, since in held:
                if time.monotonic() - since > self._longest_s:
                    log.error("job hangs", extra={"handler": delivery.handler, "job_id": str(delivery.id)})
                    continue
                self._renew(delivery)

    def _renew(self, delivery: Delivery) -> None:
        try:
            if not self._leases.renew(delivery, self._lease_s):
                log.info("lease not renewed", extra={"handler": delivery.handler, "job_id": str(delivery.id)})
        except DomainError as error:
            log.warning("lease not renewed", extra={"handler": delivery.handler, "code": error.code})
        except Exception:
            log.exception("lease not renewed", extra={"handler": delivery.handler})
