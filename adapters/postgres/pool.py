"""Connections for one database identity: psycopg's pool, with dead ones noticed before use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import psycopg_pool

from adapters.postgres.wire import Wire
from kernel.errors import Unavailable

# Over TCP: a peer that vanished without a word is noticed within half a minute.
_ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


_AT_HAND_S: Final = 60.0
_JUST_NOW_S: Final = 0.02


class Connection(psycopg.Connection[Any]):
    """psycopg's connection with our wire on it. taken, given: when it came out of psycopg's pool, and when it was last given back."""

    wire: Wire
    taken = 0.0
    given = 0.0


class Pool:
    """At most `size` connections; a request waits two seconds for one, then answers 503.

    prepare: use named prepared statements (off behind a transaction pooler that does not track them).

    What is given back stays at hand while nobody waits: psycopg's pool costs 20 µs a request under load. Once a minute it goes back there, to be
    looked after as configured.
    """

    def __init__(self, conninfo: str, *, size: int, prepare: bool = True, name: str = "app") -> None:
        def configure(connection: Connection) -> None:
            # psycopg's own prepared statements stay off: after a ROLLBACK it sends DEALLOCATE ALL, which takes the wire's along.
            connection.prepare_threshold = None
            connection.wire = Wire(connection, prepare=prepare)

        self.size = size
        self.name = name
        self._at_hand: list[Connection] = []
        self._waiting: list[None] = []  # a list, as its append and pop are one step each
        self._pool: psycopg_pool.ConnectionPool[Connection] = psycopg_pool.ConnectionPool(
            conninfo,
            connection_class=Connection,
            kwargs={**_ALIVE, "autocommit": True, "application_name": f"fitpro-{name}"},
            min_size=min(1, size),
            max_size=size,
            timeout=2,
            max_idle=600,
            reconnect_timeout=1,  # then the next request tries at once; psycopg would wait up to 32 s after a long absence
            configure=configure,
            open=False,
        )

    def open(self) -> None:
        self._pool.open()

    def close(self) -> None:
        self._release()
        self._pool.close(timeout=2)

    def take(self) -> Connection:
        """A live connection. Raises Unavailable when none is free or the server is down."""
        if (connection := self._one_at_hand()) is not None:
            return self._looked_at(connection)
        # Told before looking again: whoever gives one back sees this, or this sees what they gave.
        self._waiting.append(None)
        try:
            connection = self._one_at_hand()
            return self._taken() if connection is None else self._looked_at(connection)
        finally:
            self._waiting.pop()

    def _one_at_hand(self) -> Connection | None:
        try:
            return self._at_hand.pop()
        except IndexError:
            return None

    def _looked_at(self, connection: Connection) -> Connection:
        """The connection, or another when it died. One that was used a moment ago is not asked."""
        if time.monotonic() - connection.given < _JUST_NOW_S or not connection.wire.dead:
            return connection
        connection.close()
        self._pool.putconn(connection)
        return self._taken()

    def _taken(self) -> Connection:
        try:
            for _ in range(self.size + 1):
                connection = self._pool.getconn()
                if not connection.wire.dead:
                    connection.taken = time.monotonic()
                    return connection
                connection.close()
                self._pool.putconn(connection)
        except (psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed, psycopg.OperationalError) as error:
            raise Unavailable(retry_after_s=1) from error
        raise Unavailable(retry_after_s=1)

    def give(self, connection: Connection) -> None:
        """Take a connection back; what is still open in it is rolled back here: a `reset` hook would cost a hop to another thread."""
        if not connection.closed and connection.wire.in_transaction:
            try:
                connection.execute("rollback")
            except psycopg.Error:
                connection.close()
        now = connection.given = time.monotonic()
        if connection.closed or now - connection.taken > _AT_HAND_S or self._pool.closed:
            self._pool.putconn(connection)
            return
        self._at_hand.append(connection)
        if self._waiting:
            self._release()

    def _release(self) -> None:
        """Nothing stays at hand while somebody waits."""
        while (connection := self._one_at_hand()) is not None:
            self._pool.putconn(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """For code that speaks psycopg itself (sweeps, the relay)."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give(connection)
