"""Who acts, for which workspace, in which transaction. Missing context is an error, never a default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from kernel.hooks import Hook
    from kernel.manifest import Task


class Kind(Enum):
    """What a transaction is opened for; each has its own check in the database."""

    WORKSPACE = "a member acting in a workspace"
    USER = "a signed-in person, outside any workspace"
    JOB = "the system acting in a workspace"
    PUBLIC = "nobody in particular"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked of the database before anything else runs in a transaction.

    module: the plugin whose module must be on; empty when it cannot be switched off. roles: those that may pass.
    """

    kind: Kind
    request_id: str
    workspace_id: UUID | None = None
    user_id: UUID | None = None
    session_id: UUID | None = None
    module: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entered:
    """What the database answered: the actor's role, the client they are (for a Cliente), the workspace's version; limited: to own clients."""

    role: str
    client_id: UUID | None
    version: int
    limited: bool = False


class Transaction(Protocol):
    """The part of a unit of work the kernel needs."""

    def entered(self) -> Entered:
        """The answer of the check, or what it said last when that is presumed; else it is sent now, if nothing has travelled yet."""

    def record(self, hook: Hook[..., Any], payload: Mapping[str, object], subscribers: tuple[tuple[str, str, str], ...]) -> None:
        """Store an event with one delivery per enabled subscriber (module, handler, queue), in this transaction."""

    def enqueue(self, task: Task, arguments: Mapping[str, object], *, at: datetime | None, key: str | None, unique: str | None) -> UUID:
        """Store a job in this transaction. at: not before; key: same key in order; unique: at most one ever."""

    def savepoint(self, *, read_only: bool = False) -> AbstractContextManager[None]:
        """A nested transaction; an exception undoes it alone. read_only refuses writes inside."""


class Modules(Protocol):
    """What a workspace has switched on, and how it is set."""

    def enabled(self, module: str) -> bool: ...
    def names(self) -> frozenset[str]: ...
    def settings(self, module: str) -> Mapping[str, object]: ...


class Dispatcher(Protocol):
    """Runs a hook for the workspace of the current context, and knows the service of every plugin."""

    @property
    def services(self) -> Mapping[str, object]: ...

    def fire(self, hook: Hook[..., Any], arguments: Mapping[str, object]) -> object: ...
    def command(self, name: str, arguments: Mapping[str, object]) -> object: ...


@dataclass(slots=True)
class Current:
    """One request or job on its way through the process. `transaction` is None between the blocks of an outside operation.

    expected_version: what If-Match named (None without the header, -1 for any). recovery_point: the last phase an outside operation
    committed under this Idempotency-Key in an earlier attempt. transactions: opens its short transactions. job_id: the delivery worked on,
    the same in every attempt. progress: what its last committed step reported, in any. uncached: the request wants nothing that was kept.
    """

    scope: Scope
    dispatcher: Dispatcher
    modules: Modules
    transaction: Transaction | None = None
    expected_version: int | None = None
    recovery_point: str | None = None
    transactions: Callable[[str | None], AbstractContextManager[Transaction]] | None = None
    job_id: UUID | None = None
    progress: Mapping[str, object] | None = None
    uncached: bool = False

    @property
    def open_transaction(self) -> Transaction:
        if self.transaction is None:
            raise NoContext("there is no open transaction: wrap the writes of an outside operation in `with work():`")
        return self.transaction


class NoContext(RuntimeError):
    """Code that needs an actor or a workspace ran outside a request or job."""


_current: ContextVar[Current] = ContextVar("fitpro_current")


def current() -> Current:
    """The request or job being served by this thread. Raises NoContext when there is none."""
    try:
        return _current.get()
    except LookupError:
        raise NoContext("no request or job is being served here") from None


def begin(value: Current) -> Token[Current]:
    """Make `value` current; hand the token to `end`. For edges on the hot path; others use `serving`."""
    return _current.set(value)


def end(token: Token[Current]) -> None:
    _current.reset(token)


@contextmanager
def serving(value: Current) -> Iterator[Current]:
    """Make `value` current for the block."""
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)


def outbound(service: str) -> None:
    """Called by adapters before they talk to another service. Raises RuntimeError inside a transaction, which must not wait for it."""
    if (value := _current.get(None)) is not None and value.transaction is not None:
        raise RuntimeError(f"{service} was called inside a transaction: mark the operation @outside and wrap its writes in `with work():`")
