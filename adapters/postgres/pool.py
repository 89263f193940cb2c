"""Connections for one database identity: psycopg's pool, with dead ones noticed before use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import psycopg_pool

from adapters.postgres.wire import Wire
from kernel.errors import Unavailable

# Over TCP: a peer that vanished without a word is noticed within half a minute.
_ALIVE = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


class Connection(psycopg.Connection[Any]):
    """psycopg's connection with our wire on it."""

    wire: Wire


class Pool:
    """At most `size` connections; a request waits two seconds for one, then answers 503.

    prepare: use named prepared statements (off behind a transaction pooler that does not track them).
    """

    def __init__(self, conninfo: str, *, size: int, prepare: bool = True, name: str = "app") -> None:
        def configure(connection: Connection) -> None:
            # psycopg's own prepared statements stay off: after a ROLLBACK it sends DEALLOCATE ALL, which takes the wire's along.
            connection.prepare_threshold = None
            connection.wire = Wire(connection, prepare=prepare)

        self.size = size
        self.name = name
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
        self._pool.close(timeout=2)

    def take(self) -> Connection:
        """A live connection. Raises Unavailable when none is free or the server is down."""
        try:
            for _ in range(self.size + 1):
                connection = self._pool.getconn()
                if not connection.wire.dead:
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
        self._pool.putconn(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """For code that speaks psycopg itself (sweeps, the relay)."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give(connection)
