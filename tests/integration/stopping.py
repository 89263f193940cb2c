"""Two things at once, on purpose: one is stopped before it commits, the other comes meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from adapters.http.gateway import Gateway
from config.bootstrap import install, web
from config.settings import Settings
from tests.servers import Api, Cluster, owner_of

A = TypeVar("A")
B = TypeVar("B")
_WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = %s"


@dataclass(frozen=True)
class Patient:
    """An installation in this process that waits for locks as long as a test does."""

    settings: Settings
    gateway: Gateway
    cluster: Cluster
    database: str

    @classmethod
    @contextmanager
    def open(cls, cluster: Cluster, name: str) -> Iterator[Patient]:
        settings = cluster.settings(cluster.clone(name))
        with cluster.superuser() as superuser:
            for limit in ("lock_timeout", "statement_timeout"):
                superuser.execute(f"alter role fitpro_app in database {name} set {limit} = '20s'".encode())
        running = install(settings)
        yield cls(settings, web(running), cluster, name)
        running.container.app_pool().close()
        running.container.auth_pool().close()

    @property
    def api(self) -> Api:
        """One for each thread."""
        return Api(self.gateway)

    def meanwhile(self, first: Callable[[Api], A], then: Callable[[Api], B], *, table: str = "outbox") -> tuple[A, B]:
        """What both come to. first: stopped where it writes to the table, until `then` is over or waits itself."""
        with owner_of(self.settings) as lock, ThreadPoolExecutor(2) as pool:
            lock.execute(f"lock table {table} in share mode".encode())
            one = pool.submit(first, self.api)
            self.until(lambda waiting: waiting == 1 or one.done())
            other = pool.submit(then, self.api)
            self.until(lambda waiting: waiting == 2 or other.done() or one.done())
            lock.rollback()
            return one.result(), other.result()

    def until(self, so: Callable[[int], bool]) -> None:
        """Until this is true of how many wait."""
        deadline = time.monotonic() + 15
        with self.cluster.superuser() as look:
            while time.monotonic() < deadline:
                found = look.execute(_WAITING, (self.database,)).fetchone()
                if found and so(found[0]):
                    return
                time.sleep(0.01)
        raise AssertionError("nobody came to wait")
