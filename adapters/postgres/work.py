"""The unit of work: opened lazily, one round trip whenever possible, committed once, at the edge."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from adapters.postgres import gate
from adapters.postgres.faults import NO_PATIENCE, NOT_UNIQUE, REFUSED, broken, translate
from adapters.postgres.pool import Connection, Pool
from adapters.postgres.statements import Encoded, Statement
from adapters.postgres.wire import ConnectionLost, Result, ServerError
from kernel.context import Entered, Kind, NoContext, Scope
from kernel.errors import Forbidden, Unavailable
from kernel.ids import new_id
from ports.persistence import Claim, Document, KeyInUse, KeyTaken, Reply, Row, RuleBroken
from ports.tasks import PLATFORM

if TYPE_CHECKING:
    from kernel.hooks import Hook
    from kernel.manifest import Task

Item = tuple[Statement, list[Encoded]]
_CLAIM = tuple(field.name for field in dataclasses.fields(Claim))


class UnitOfWork:
    """One transaction for one scope (implements ports.persistence.UnitOfWork). Not for two threads at once.

    reading: each plain read travels with the gate as an implicit transaction, without BEGIN and COMMIT (a statement sees what is committed
    when it begins, in one transaction or in two); anything else opens an explicit one. Otherwise writes wait for the next read or the
    commit and travel together. presuming: see ports.persistence.Database.open.
    """

    def __init__(
        self, pool: Pool, scope: Scope, *, reading: bool = False, claim: Claim | None = None, careful: bool = False, presuming: bool = False
    ) -> None:
        self.scope = scope
        self.careful = careful or scope.kind is Kind.JOB
        self.reply: Reply | None = None
        self.before_commit: list[Callable[[], None]] = []
        self.on_exit: list[Callable[[], None]] = []
        self._pool = pool
        self._reading = reading
        self._claim = claim
        self._context: Mapping[str, object] = {"workspace_id": scope.workspace_id, "actor_id": scope.user_id}
        self._pending: list[Item] = []
        self._connection: Connection | None = None
        self._explicit = False
        self._entered: Entered | None = None
        self._presuming = presuming and scope.kind is Kind.WORKSPACE
        self._presumed: bytes | None = None
        self._broken: RuleBroken | None = None
        self._savepoints = 0
        if scope.kind in (Kind.WORKSPACE, Kind.JOB) and scope.workspace_id is None:
            raise NoContext("a transaction for a workspace needs one")

    # -- reads and writes --------------------------------------------------------------------------------------------------------
    def one(self, statement: Statement, **parameters: object) -> Row | None:
        rows = self._run(statement, parameters).rows()
        return rows[0] if rows else None

    def rows(self, statement: Statement, **parameters: object) -> Sequence[Row]:
        return self._run(statement, parameters).rows()

    def document(self, statement: Statement, **parameters: object) -> Document | None:
        rows = self._run(statement, parameters).rows(documents=True)
        return rows[0] if rows else None

    def documents(self, statement: Statement, **parameters: object) -> list[Document]:
        return self._run(statement, parameters).rows(documents=True)

    def write(self, statement: Statement, **parameters: object) -> None:
        self._pending.append((statement, statement.bind(parameters, self._context)))

    def change(self, statement: Statement, **parameters: object) -> int:
        self._reading = False
        return self._run(statement, parameters).count

    def lock(self, subject: UUID | str) -> None:
        """One at a time per workspace and subject; waits with the statements that follow. Raises Conflict busy after the lock timeout."""
        self.write(gate.LOCK, subject=f"{self.scope.workspace_id}:{subject}")

    def hold_actor(self) -> None:
        """Hold the actor's membership as it is until the transaction ends, and ask the gate again, of what is true now. Raises Forbidden
        person_required for an API key: what it made would outlive it."""
        again = gate.check(self.scope, None)
        if again is None or self.scope.kind is not Kind.WORKSPACE:
            raise NoContext("only a member can be held, and this operation has none")
        self.write(gate.HOLD_ACTOR)
        self._entered = gate.passed(self.scope, self._send([again], explicit=True)[-1])
        if (actor := self.one(gate.ACTOR)) is not None and actor["is_key"]:
            raise Forbidden("This is for people, not for API keys.", code="person_required")

    def record_read(self, table: str, record_id: UUID | str, *, client_id: UUID | None, purpose: str) -> None:
        """Leave an audit entry that the actor read a record; queued, so that no commit means nothing was shown."""
        self.write(gate.READ, table=table, record_id=str(record_id), client_id=client_id, purpose=purpose)

    def bear(self, workspace_id: UUID, capability: bytes) -> None:
        """Go on in a workspace as the holder of a link; waits with the statements that follow."""
        self.scope = dataclasses.replace(self.scope, workspace_id=workspace_id)
        self._context = {**self._context, "workspace_id": workspace_id}
        self.write(gate.ENTER_BEARER, workspace=workspace_id, capability=capability)

    @property
    def reading(self) -> bool:
        """Whether it was opened to read, and has written nothing so far."""
        return self._reading and not self._pending

    # -- the kernel's part ---------------------------------------------------------------------------------------------------------
    def entered(self) -> Entered:
        if self._entered is None:
            if self._presuming and (told := gate.member(self.scope).told) is not None:
                self._presumed = self._presumed or told
                return gate.entered(self._presumed)
            self._send([], explicit=not self._reading)
        if self._entered is None:
            raise NoContext("nobody entered: this operation has no workspace")
        return self._entered

    def record(self, hook: Hook[..., Any], payload: Mapping[str, object], subscribers: tuple[tuple[str, str, str], ...]) -> None:
        if self.scope.workspace_id is None and self.scope.kind is Kind.PUBLIC:
            raise NoContext("an event belongs to a workspace, and this operation has none")
        event = {"event_id": new_id(), "name": hook.name, "payload": dict(payload), "request_id": self.scope.request_id}
        if len(subscribers) == 1 and self._on(subscribers[0][0]):
            module, handler, queue = subscribers[0]
            self.write(gate.RECORD_AND_DELIVER_ONE, **event, delivery_id=new_id(), module=module, handler=handler, queue=queue)
        elif subscribers:
            modules, handlers, queues = zip(*subscribers, strict=True)
            ids = [new_id() for _ in subscribers]
            self.write(gate.RECORD_AND_DELIVER, **event, ids=ids, modules=modules, handlers=handlers, queues=queues)
        else:
            self.write(gate.RECORD, **event)

    def enqueue(self, task: Task, arguments: Mapping[str, object], *, at: datetime | None, key: str | None, unique: str | None) -> UUID:
        id = new_id()
        self.write(
            gate.ENQUEUE, workspace_id=self.scope.workspace_id or PLATFORM, id=id,
            module=task.module, handler=f"{task.owner}:{task.name}", queue=task.queue, key=key, unique_key=unique,
            arguments=dict(arguments), available_at=at, max_attempts=task.retries + 1, request_id=self.scope.request_id,
        )  # fmt: skip
        return id

    def resume(self, handlers: Collection[str]) -> None:
        """What was skipped of these handlers in this workspace is due again."""
        self.write(gate.RESUME, handlers=list(handlers))

    @contextmanager
    def savepoint(self, *, read_only: bool = False) -> Iterator[None]:
        self._savepoints += 1
        name = f"s{self._savepoints}"
        start: list[Item] = [(gate.savepoint(name), [])]
        self._send([*start, (gate.READ_ONLY, [])] if read_only else start, explicit=True)
        try:
            yield
            self.flush()
        except BaseException:
            self._pending.clear()
            self._send([(gate.rollback_to(name), [])], explicit=True)
            raise
        # A read-only savepoint is always rolled back: that also restores the transaction's own mode.
        self._send([(gate.rollback_to(name) if read_only else gate.release(name), [])], explicit=True)

    def reach(self, claim: Claim, phase: str) -> None:
        if self.change(gate.REACH, scope_id=claim.scope_id, key=claim.key, phase=phase, holder=claim.holder) != 1:
            raise KeyInUse

    # -- the edge's part -----------------------------------------------------------------------------------------------------------
    def flush(self) -> None:
        """Send queued writes now."""
        if self._pending:
            self._send([], explicit=True)

    def connection(self) -> Connection:
        """The psycopg connection, inside the transaction, after everything queued: for the ORM session."""
        if self._pending or not self._explicit:
            self._send([], explicit=True)
        assert self._connection is not None
        return self._connection

    def confirm(self) -> None:
        """Before a refusal is told: that the gate lets the actor in, and that what was presumed is so. Forgets what is queued."""
        if self._broken is not None:
            raise self._broken
        if self._entered is None and self._connection is None and self.scope.kind is not Kind.PUBLIC:
            self._pending.clear()
            self._send([], explicit=not self._reading)

    def commit(self) -> None:
        if self._broken is not None:  # and somebody took that for an answer
            raise self._broken
        for step in self.before_commit:
            step()
        if self._explicit:
            last: list[Item] = []
            if self._claim and self.reply:
                last.append((gate.KEEP_REPLY, gate.KEEP_REPLY.bind({**self._claimed(), **self._replied()}, self._context)))
            tag = self._send([*last, (gate.COMMIT, [])], explicit=True)[-1].tag
            self._explicit = False
            if tag != "COMMIT":  # PostgreSQL answers ROLLBACK to the COMMIT of an aborted transaction
                raise Unavailable(retry_after_s=1)
        elif self._pending or self._claim or (self._entered is None and self.scope.kind is not Kind.PUBLIC):
            self._send([], explicit=False)

    def __enter__(self) -> UnitOfWork:
        return self

    def __exit__(self, *error: object) -> None:
        for step in self.on_exit:
            step()
        connection, self._connection = self._connection, None
        self._pending.clear()
        if connection is not None:
            self._pool.give(connection)  # which rolls back whatever is still open

    # -- inside --------------------------------------------------------------------------------------------------------------------
    def _on(self, module: str) -> bool:
        """Whether a module needs no asking: it cannot be switched off, or this transaction's own gate makes sure of it."""
        return not module or (self.scope.kind is Kind.WORKSPACE and module == self.scope.module)

    def _run(self, statement: Statement, parameters: Mapping[str, object]) -> Result:
        item = (statement, statement.bind(parameters, self._context))
        implicit = self._reading and not self._explicit and not self._pending and not statement.locks
        return self._send([item], explicit=not implicit)[-1]

    def _opening(self, explicit: bool) -> list[Item]:
        items: list[Item] = [(gate.BEGIN, [])] if explicit else []
        # The gate itself compares: a statement behind it may fail, or commit with it.
        if (check := gate.check(self.scope, self._presumed)) is not None:
            items.append(check)
        if self._claim:
            values = {**self._claimed(), **(self._replied() if self.reply and not explicit else gate.NO_REPLY)}
            items.append((gate.CLAIM, gate.CLAIM.bind(values, self._context)))
        return items

    def _send(self, items: list[Item], *, explicit: bool) -> list[Result]:
        opening = not self._explicit
        start = self._opening(explicit) if opening else []
        batch = [*start, *self._pending, *items]
        if not batch:
            return []
        # Safe to send again: nothing was begun, or a lone read was.
        repeatable = opening and (explicit or (self._reading and not self._pending and not self._claim))
        results = self._exchange(batch, opening, repeatable)
        self._pending.clear()
        if opening:
            self._explicit = explicit
            if self.scope.kind is not Kind.PUBLIC:
                self._entered = gate.passed(self.scope, results[1 if explicit else 0])
        return results[len(batch) - len(items) :]

    def _exchange(self, batch: list[Item], opening: bool, repeatable: bool) -> list[Result]:
        # Whether its answer is the only news of what was written: of everything else the database keeps nothing when the connection breaks.
        commits = batch[-1][0] is gate.COMMIT or (not repeatable and opening and bool(self._pending or self._claim))
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = self._pool.take()
            try:
                return self._connection.wire.exchange(batch)
            except ConnectionLost as lost:
                self._pool.give(self._connection)
                self._connection, self._explicit = None, False
                if attempt == 2 or not opening or (lost.sent and not repeatable):
                    raise (self._unknown() if lost.sent and commits else Unavailable(retry_after_s=1)) from lost
            except ServerError as error:
                if error.statement is gate.CLAIM and error.sqlstate in (NOT_UNIQUE, NO_PATIENCE):
                    raise (KeyTaken if error.sqlstate == NOT_UNIQUE else KeyInUse) from None
                if opening and self._connection.wire.in_transaction:
                    self._explicit = True
                if error.sqlstate == REFUSED:
                    self._broken = broken(error.detail or "refused")
                    raise self._broken from None
                if (known := translate(error)) is not None:
                    raise known from error
                raise
        raise AssertionError("unreachable")

    def _unknown(self) -> Unavailable:
        told = "The connection to the database broke while this was being committed, so whether it was done is not known. "
        if self._claim:
            told += "Send it again with the same Idempotency-Key: it is done once."
        else:
            told += "Look before you send it again; with an Idempotency-Key it can be sent again as it is."
        return Unavailable(told, code="outcome_unknown", retry_after_s=1)

    def _claimed(self) -> dict[str, object]:
        claim = self._claim
        assert claim is not None
        return {name: getattr(claim, name) for name in _CLAIM}

    def _replied(self) -> dict[str, object]:
        reply = self.reply
        assert reply is not None
        return {"status": reply.status, "headers": [list(pair) for pair in reply.headers], "body": reply.body}
