"""Workers as real processes on a database of their own, and what they did as sets."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg

from adapters.local.encryption import AesGcmEncryption
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.outbox import OutboxClockwork, OutboxContents, OutboxLeases, OutboxLetters
from adapters.postgres.pool import Pool
from adapters.worker.heartbeat import Heartbeat
from adapters.worker.job import Jobs
from adapters.worker.worker import Backoff, Worker
from config.databases import connections
from config.settings import Settings
from kernel.context import Current, Kind, Scope, serving
from kernel.dispatch import Hub
from kernel.ids import new_id
from kernel.registry import Registry
from ports.mail import Post
from tests import servers
from tests.integration.worker import probe

NO_SECRETS = AesGcmEncryption([bytes(32)])

MODULES = ("probe",)


@dataclass
class Child:
    """A worker process."""

    plant: Plant
    pid: int
    log: Path

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def alive(self) -> bool:
        """Neither gone nor a zombie."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code; minus the signal that ended it."""
        return os.waitstatus_to_exitcode(self.plant._order(wait=self.pid))


@dataclass
class Plant:
    """A database with the probe plugin, and the processes that work on it."""

    settings: Settings
    folder: Path
    app: PostgresDatabase
    auth: PostgresDatabase
    relay: Pool
    owner: psycopg.Connection[Any]
    hub: Hub
    children: list[Child] = field(default_factory=list)
    zygote: subprocess.Popen[str] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def leases(self) -> OutboxLeases:
        return OutboxLeases(self.relay)

    @property
    def letters(self) -> OutboxLetters:
        return OutboxLetters(self.relay)

    @property
    def clockwork(self) -> OutboxClockwork:
        return OutboxClockwork(self.relay)

    def workspace(self, *modules: str, timezone: str = "UTC") -> uuid.UUID:
        id = new_id()
        self.owner.execute("insert into workspaces (id, name, modules, timezone) values (%s, 'W', %s, %s)", (id, list(modules or MODULES), timezone))
        return id

    def inside(self, workspace: uuid.UUID, do: Callable[[], Any], *, commit: bool = True) -> Any:
        """Call something in a transaction of the workspace, as the system."""
        scope = Scope(Kind.JOB, f"request of {workspace}", workspace)
        with self.app.open(scope) as work:
            with serving(Current(scope, self.hub, self.app.modules(work, workspace), work)):
                answer = do()
            if commit:
                work.commit()
        return answer

    def start(self, *queues: str, ready: bool = True, environ: Mapping[str, str] | None = None) -> Child:
        """A worker process. ready: wait until it works. environ: on top of the settings."""
        log = self.folder / f"worker-{len(self.children)}.log"
        pid = self._order(log=str(log), queues=queues, environ=dict(environ or {}))
        child = Child(self, pid, log)
        self.children.append(child)
        if ready:
            until(lambda: "worker started" in child.said() or not child.alive(), 120)
            assert child.alive(), child.said()
        return child

    def _order(self, **order: object) -> int:
        with self.lock:
            if self.zygote is None:
                # Ends by itself with this process, whose end closes its input; any thread may start it, and end before it.
                self.zygote = subprocess.Popen(
                    [sys.executable, "-m", "tests.integration.worker.zygote"], env=servers.environ(self.settings), cwd=servers.ROOT,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
                )  # fmt: skip
            assert self.zygote.stdin is not None
            assert self.zygote.stdout is not None
            print(json.dumps(order), file=self.zygote.stdin, flush=True)
            return int(self.zygote.stdout.readline())

    def stop(self) -> None:
        if self.zygote is not None:
            os.killpg(self.zygote.pid, signal.SIGKILL)
            self.zygote.wait()

    def worker(self, registry: Registry | None = None, post: Post | None = None) -> Worker:
        """A worker inside this process, for tests that step through it. post: what letters leave by."""
        registry = registry or self.hub.registry
        jobs = Jobs(self.app, self.auth, OutboxContents(), post or cast("Post", None), registry, Hub(registry, {}), lease_s=2)
        return Worker(self.leases, jobs, Heartbeat(self.leases, lease_s=2), lease_s=2, backoff=Backoff(first_s=0.0))

    def drain(self, worker: Worker | None = None) -> None:
        """Do everything that may run, here and now."""
        worker = worker or self.worker()
        while ready := self.leases.ready((), 1):
            for queue in ready:
                worker.drain(queue)

    def query(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        return self.owner.execute(text, values).fetchall()

    def effects(self) -> Counter[str]:
        return Counter(row[0] for row in self.query("select mark from probe_effect"))

    def undone(self) -> int:
        return int(self.query("select count(*) from outbox_deliveries where done_at is null and dead_at is null and skipped_at is null")[0][0])

    def settled(self, seconds: float = 60) -> None:
        """Wait until nothing waits."""
        until(lambda: self.undone() == 0, seconds)


def until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@contextlib.contextmanager
def plant(cluster: servers.Cluster, folder: Path, **changes: Any) -> Iterator[Plant]:
    name = f"w{uuid.uuid4().hex[:12]}"
    settings = cluster.settings(cluster.clone(name), strict=False, **{"lease_s": 2, "poll_ms": 50, **changes})
    found = connections(settings)
    app, auth, relay = Pool(found.app, size=4), Pool(found.auth, size=4, name="auth"), Pool(found.relay, size=4, name="relay")
    app.open()
    auth.open()
    relay.open()
    owner = psycopg.connect(found.owner, autocommit=True)
    owner.execute(probe.DDL)
    owner.execute("set app.maintenance = 'on'")
    made = Plant(settings, folder, PostgresDatabase(app, NO_SECRETS), PostgresDatabase(auth, NO_SECRETS), relay, owner, Hub(probe.registry(), {}))
    try:
        yield made
    finally:
        made.stop()
        owner.close()
        app.close()
        auth.close()
        relay.close()
        cluster.drop(name)


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis of our own on a Unix socket, gone after the block."""
    socket = folder / "redis.sock"
    arguments = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with servers.process(arguments, os.environ, folder / "redis.log"):
        until(socket.exists, 10)
        yield f"unix://{socket}"
