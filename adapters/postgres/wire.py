"""The wire: several prepared statements in one round trip, on libpq's pipeline mode (psycopg's documented low-level `pq`).

The only module that speaks it. Client CPU for the gate and one row: 11 µs here, 60-87 through cursors, 422 through SQLAlchemy's engine.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from sys import intern
from typing import Any

import orjson
import psycopg
from psycopg import pq
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.types.string import TextLoader

from adapters.postgres.statements import Encoded, Statement

_STALE_PLAN = b"RevalidateCachedQuery"  # where "cached plan must not change result type" comes from, in every language
_FATAL = {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED, pq.ExecStatus.BAD_RESPONSE}


_PATIENCE_MS = 75_000


class ConnectionLost(Exception):
    """The server went away. sent: whether the batch may have been executed."""

    def __init__(self, sent: bool) -> None:
        super().__init__("the connection to PostgreSQL was lost")
        self.sent = sent


class ServerError(Exception):
    """A statement failed. sqlstate as PostgreSQL gives it; the message stays in the log."""

    def __init__(
        self, sqlstate: str, message: str, detail: str | None, constraint: str | None, table: str | None, statement: Statement | None = None
    ) -> None:
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.constraint = constraint
        self.table = table
        self.statement = statement

    @classmethod
    def of(cls, result: Any, statement: Statement) -> ServerError:
        def field(name: pq.DiagnosticField) -> str | None:
            value = result.error_field(name)
            return None if value is None else value.decode(errors="replace")

        return cls(
            field(pq.DiagnosticField.SQLSTATE) or "XX000",
            field(pq.DiagnosticField.MESSAGE_PRIMARY) or "",
            field(pq.DiagnosticField.MESSAGE_DETAIL),
            field(pq.DiagnosticField.CONSTRAINT_NAME),
            field(pq.DiagnosticField.TABLE_NAME),
            statement,
        )


def _moment(text: str) -> str:
    """RFC 3339 from PostgreSQL's ISO output (TimeZone is UTC), with no datetime between."""
    if len(text) == 22:  # four digits of a year, no fraction: nearly all that were chosen by people
        return f"{text[:10]}T{text[11:19]}Z"
    if text[26:] == "+00" and text[10] == " ":  # six digits of a fraction: nearly all that were made by a clock
        return f"{text[:10]}T{text[11:26]}Z"
    moment = text.replace(" ", "T").replace("+00", "Z")
    if "." in moment:
        # PostgreSQL drops trailing zeros, Python writes six digits: a moment has one spelling, stored or just made.
        return moment[:-1].ljust(26, "0") + "Z"
    return moment


# What a row on its way out needs besides its text, by the type's number. Per column: a loader of our own is called back for each value,
# at six times the cost.
_SHAPED: dict[int, Callable[[str], Any]] = {1184: _moment, 114: orjson.Fragment, 3802: orjson.Fragment}
_documents = AdaptersMap(psycopg.adapters)
_documents.register_loader("uuid", TextLoader)
for _type in ("timestamptz", "jsonb", "json"):
    _documents.register_loader(_type, TextLoader)


class _DocumentContext:
    """What psycopg's Transformer reads its adapters from."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.adapters = _documents


class Result:
    """What one statement of a batch returned."""

    __slots__ = ("_raw", "_statement", "_wire")

    def __init__(self, raw: Any, wire: Wire, statement: Statement) -> None:
        self._raw = raw
        self._wire = wire
        self._statement = statement

    @property
    def count(self) -> int:
        """Rows returned or touched."""
        raw = self._raw
        return raw.command_tuples or 0 if raw.status == pq.ExecStatus.COMMAND_OK else raw.ntuples

    @property
    def tag(self) -> str:
        """The command's tag, as `COMMIT` or `ROLLBACK`."""
        return (self._raw.command_status or b"").decode()

    @property
    def texts(self) -> list[bytes | None]:
        """The first row as it came: for one that every request reads."""
        raw = self._raw
        return [raw.get_value(0, column) for column in range(raw.nfields)]

    def rows(self, documents: bool = False) -> list[dict[str, Any]]:
        raw = self._raw
        if not raw.ntuples:
            return []
        transformer = self._wire.documents if documents else self._wire.typed
        transformer.set_pgresult(raw, set_loaders=True, format=pq.Format.TEXT)
        statement = self._statement
        if len(statement.columns) != raw.nfields:
            statement.shapes = tuple((i, shape) for i in range(raw.nfields) if (shape := _SHAPED.get(raw.ftype(i))) is not None)
            statement.columns = tuple(intern(raw.fname(i).decode()) for i in range(raw.nfields))
        names = statement.columns
        found = transformer.load_rows(0, raw.ntuples, list)
        if documents:
            for column, shape in statement.shapes:
                for values in found:
                    if (value := values[column]) is not None:
                        values[column] = shape(value)
        return [dict(zip(names, values, strict=True)) for values in found]


class Wire:
    """One connection. Not for two threads at once."""

    def __init__(self, connection: psycopg.Connection[Any], *, prepare: bool) -> None:
        self.connection = connection
        self._prepare = prepare
        self._prepared: set[bytes] = set()
        self._pg = connection.pgconn
        self.typed = Transformer(connection)
        self.documents = Transformer(_DocumentContext(connection))
        self._reading = select.poll()
        self._reading.register(self._pg.socket, select.POLLIN)
        self._both = select.poll()
        self._both.register(self._pg.socket, select.POLLIN | select.POLLOUT)

    @property
    def dead(self) -> bool:
        """Whether the server already hung up: an idle connection has nothing to read unless it was closed."""
        return self.connection.closed or bool(self._reading.poll(0))

    @property
    def in_transaction(self) -> bool:
        return self._pg.transaction_status != pq.TransactionStatus.IDLE

    def exchange(self, batch: Sequence[tuple[Statement, list[Encoded]]]) -> list[Result]:
        """Send every statement and one Sync, and wait for all answers: one round trip.

        Outside an explicit transaction the batch is one implicit transaction: an error in any statement undoes all of them.
        Raises ServerError for the first that failed, ConnectionLost when the server went away.
        """
        pg = self._pg
        sent = False
        plan: list[bytes | None] = []  # per answer: the name being prepared, or None for an execution
        try:
            pg.enter_pipeline_mode()
            for statement, parameters in batch:
                if not self._prepare:
                    pg.send_query_params(statement.raw, parameters)
                else:
                    if statement.name not in self._prepared:
                        pg.send_prepare(statement.name, statement.raw)
                        self._prepared.add(statement.name)
                        plan.append(statement.name)
                    pg.send_query_prepared(statement.name, parameters)
                plan.append(None)
            pg.pipeline_sync()
            sent = True
            self._send()
            answers = self._receive()
            pg.exit_pipeline_mode()
        except (psycopg.OperationalError, OSError) as error:
            self.connection.close()
            raise ConnectionLost(sent) from error
        if len(answers) != len(plan):
            self.connection.close()
            raise ConnectionLost(sent)
        results: list[Result] = []
        failed = None
        for name, answer in zip(plan, answers, strict=True):
            if answer.status in _FATAL:
                failed = failed or answer
                if name is not None:
                    self._prepared.discard(name)
            elif name is None:
                results.append(Result(answer, self, batch[len(results)][0]))
        if failed is not None:
            if failed.error_field(pq.DiagnosticField.SOURCE_FUNCTION) == _STALE_PLAN:
                # A migration changed a table under this connection's statements: they fail for good, on another connection they do not.
                self.connection.close()
                raise ConnectionLost(sent=False)
            raise ServerError.of(failed, batch[len(results)][0])
        return results

    @staticmethod
    def _wait(poller: select.poll) -> None:
        """Longer than any statement may take: a server that is silent but not gone must not hold a thread for ever."""
        if not poller.poll(_PATIENCE_MS):
            raise psycopg.OperationalError("the server is silent")

    def _send(self) -> None:
        while self._pg.flush() == 1:
            self._wait(self._both)
            self._pg.consume_input()

    def _receive(self) -> list[Any]:
        pg, ended = self._pg, 0
        answers: list[Any] = []
        while True:
            # Waiting on the socket releases the interpreter lock; libpq's own blocking read keeps it.
            while pg.is_busy():
                self._wait(self._reading)
                pg.consume_input()
            result = pg.get_result()
            if result is None:
                ended += 1
                if ended > 2:  # two ends in a row outside a Sync: the connection is gone
                    raise psycopg.OperationalError("no answer")
                continue
            ended = 0
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return answers
            answers.append(result)
