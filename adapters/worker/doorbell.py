"""Huey as a doorbell (implements ports.tasks.Doorbell): one task, no results, no retries, no schedule. Losing a bell loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from huey import Huey
from huey.consumer import Consumer
from huey.storage import PostgresStorage, RedisStorage

from adapters.worker.messages import SignedJson
from ports.tasks import BrokerDown

STORAGES: Final[Mapping[str, type[Any]]] = {"postgres": PostgresStorage, "redis": RedisStorage}
_READ_S: Final = 1  # how long a consumer waits for a bell at a time, and so how long stopping takes


class HueyDoorbell:
    """One bell per name. storage: `postgres` (dsn: of the relay identity, past any pooler) or `redis` (connection_pool), with its options.

    work: called in a consumer's thread with the queue's name for every bell; whether it left something behind.
    """

    def __init__(self, name: str, *, key: bytes, storage: str, options: Mapping[str, Any], work: Callable[[str], bool]) -> None:
        given = dict(options) | ({"create_tables": False} if storage == "postgres" else {})
        self._huey = Huey(name, results=False, serializer=SignedJson(key), storage_class=STORAGES[storage], read_timeout=_READ_S, **given)

        def bell(queue: str) -> None:
            if work(queue):
                self.ring(queue)  # at the end of the line, so that queues take turns

        self._bell = self._huey.task(retries=0)(bell)  # its id holds this module's name, never __main__

    def ring(self, queue: str) -> None:
        try:
            self._bell(queue)
        except Exception as error:  # each storage raises what it likes
            raise BrokerDown(str(error)) from error

    def pending(self) -> int:
        try:
            return int(self._huey.pending_count())
        except Exception as error:
            raise BrokerDown(str(error)) from error

    def consumer(self, threads: int, *, patience_s: float) -> BellConsumer:
        """Threads that answer. patience_s: how long a graceful stop waits for the jobs at hand."""
        return BellConsumer(
            self._huey, workers=threads, worker_type="thread", periodic=False, scheduler_interval=60, max_delay=1.0,
            shutdown_timeout=patience_s, graceful_signal="TERM",
        )  # fmt: skip


class BellConsumer(Consumer):  # type: ignore[misc]
    """Huey's consumer without its signal handlers: signals are the process's business."""

    def _set_signal_handlers(self) -> None:
        return None
