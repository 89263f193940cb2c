"""Working off what an installation has to do, in this process, and reading the mail it sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Self, cast

from adapters.postgres.outbox import OutboxClockwork, OutboxLeases
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.periodic import periodics
from adapters.worker.worker import Backoff, Worker
from config.bootstrap import install, jobs
from config.plugin_admin import installation
from config.settings import Settings

_LEASE_S = 30.0


@dataclass(frozen=True)
class Office:
    """A worker without a process of its own."""

    settings: Settings
    leases: OutboxLeases
    worker: Worker
    _read: dict[Path, tuple[int, EmailMessage]] = field(default_factory=dict)  # when it was written, and what it says: there are thousands

    @classmethod
    @contextmanager
    def open(cls, settings: Settings) -> Iterator[Self]:
        with installation(settings) as running:
            leases = OutboxLeases(running.container.relay_pool())
            heartbeat = Heartbeat(leases, lease_s=_LEASE_S)
            yield cls(settings, leases, Worker(leases, jobs(running, lease_s=_LEASE_S), heartbeat, lease_s=_LEASE_S, backoff=Backoff(first_s=0.0)))

    def work(self) -> None:
        """Do everything that is due, of every workspace, until nothing is."""
        while ready := self.leases.ready((), 1):
            for queue in ready:
                self.worker.drain(queue)

    def mails(self, address: str) -> list[EmailMessage]:
        """What was sent to an address so far, oldest first."""
        for path in (self.settings.home / "mail").glob("*.eml"):
            written = path.stat().st_mtime_ns
            if self._read.get(path, (0, None))[0] != written:
                self._read[path] = written, cast("EmailMessage", message_from_bytes(path.read_bytes(), policy=policy.default))
        return [mail for _, (_, mail) in sorted(self._read.items(), key=lambda read: (read[1][0], read[0].name)) if mail["To"] == address]

    def text(self, address: str) -> str:
        """The text of the newest mail to an address. AssertionError when there is none."""
        found = self.mails(address)
        assert found, f"no mail to {address}"
        body = found[-1].get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


def tick(settings: Settings, handler: str) -> int:
    """The hour has come of a periodic task, in every zone: the jobs it makes, for whoever works."""
    running = install(settings)
    pool = running.container.relay_pool()
    clockwork = OutboxClockwork(pool)
    task = next(each for each in periodics(running.registry) if each.handler == handler)
    now, zones = clockwork.zones()
    made = sum(clockwork.fan_out(task, zone, now, uuid.uuid4().hex) for zone in zones)
    pool.close()
    return made
