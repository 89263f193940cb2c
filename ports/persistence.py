"""What a repository needs from storage: statements in, rows out, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from kernel.context import Modules, Scope, Transaction
from kernel.errors import Conflict, DomainError

Row = Mapping[str, Any]
"""One row by column name, with Python values (UUID, aware UTC datetime, parsed JSON)."""

Document = dict[str, Any]
"""One row on its way out, unchanged: JSON-ready values (ids as text, JSON unparsed). Never compute with it; read `Row`s for that."""


Statement = Any
"""A statement compiled once, when its module is imported; opaque to everybody but the adapter that compiled it."""


class Work(Protocol):
    """The open transaction. Writes are queued in order and travel with the next read or the commit, so a use case that only writes
    costs one round trip. A parameter named workspace_id or actor_id is filled from the context.

    Constraint violations surface as `DomainError` at the statement that sends them, at the latest at the commit.

    careful: a rule checked in passing (`app.refuse`) said no to the first attempt, so ask before you write and say what you found.
    """

    careful: bool

    def one(self, statement: Statement, **parameters: object) -> Row | None:
        """The first row, or None."""

    def rows(self, statement: Statement, **parameters: object) -> Sequence[Row]:
        """Every row."""

    def document(self, statement: Statement, **parameters: object) -> Document | None:
        """The first row as a document, or None."""

    def documents(self, statement: Statement, **parameters: object) -> list[Document]:
        """Every row as a document."""

    def write(self, statement: Statement, **parameters: object) -> None:
        """Queue a statement whose result nobody needs."""

    def change(self, statement: Statement, **parameters: object) -> int:
        """Run now; the number of rows it touched."""

    def bear(self, workspace_id: UUID, capability: bytes) -> None:
        """Outside any workspace: go on in one as the holder of a link. capability: what is kept of its token; empty for a stranger who holds none.

        From here on the workspace is that one, and only rows are seen whose policy shows them to this very capability.
        """


class Locks(Protocol):
    """One at a time, across processes, until the transaction ends."""

    def lock(self, subject: UUID | str) -> None: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """An Idempotency-Key of one person in one workspace (the nil UUID outside any), for one operation and one body.

    lease_s: how long an outside operation may run before another attempt may take it over; 0 when one transaction does it all.
    holder: the attempt; whoever was taken over can neither go on nor finish.
    """

    scope_id: UUID
    key: str
    operation: str
    fingerprint: str
    lease_s: int = 0
    holder: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it goes out; stored with the effect it reports. headers: without those of the moment (date, request id)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredReply:
    """What an Idempotency-Key holds. reply is None while its operation has not finished; phase is the last recovery point."""

    operation: str
    fingerprint: str
    reply: Reply | None
    phase: str | None
    running: bool


class KeyTaken(Exception):
    """The claim was made before: read the stored reply instead, or claim it again when there is none."""


class KeyInUse(Exception):
    """Another request with the same key is still running."""


class RuleBroken(Conflict):
    """A statement called `app.refuse(rule)`: nothing of the transaction stays. A request is tried again, carefully, to explain itself."""

    default_code = "refused"

    def __init__(self, rule: str = default_code, detail: str | None = None) -> None:
        super().__init__(detail, code=rule)


class UnitOfWork(Work, Transaction, Locks, Protocol):
    """A transaction as the edges drive it: leave the `with` block and it is gone; only `commit` keeps anything.

    claim travels with the gate and its reply with the commit. A commit that sent nothing still asks the gate.
    """

    reply: Reply | None

    @property
    def reading(self) -> bool:
        """Whether it was opened to read, and has written nothing so far."""

    def reach(self, claim: Claim, phase: str) -> None:
        """Set a recovery point, to be committed with what led to it. Raises KeyInUse when another attempt took over."""

    def confirm(self) -> None:
        """Before a refusal is told: that the gate lets the actor in, and that what was presumed is so. Forgets what is queued."""

    def commit(self) -> None: ...

    def __enter__(self) -> UnitOfWork: ...

    def __exit__(self, *error: object) -> None: ...


class Keys(Protocol):
    """Idempotency keys outside the transaction they were claimed in; each call is a transaction of its own."""

    def stored(self, scope: Scope, claim: Claim) -> StoredReply | None:
        """What a taken key holds; None when it is free again: it was kept for a day."""

    def take_over(self, scope: Scope, claim: Claim) -> bool:
        """Lease an unfinished key whose holder is gone; False when somebody holds it."""

    def let_go(self, scope: Scope, claim: Claim) -> None:
        """End the lease of an unfinished key, so that a retry may go on at once."""

    def keep(self, scope: Scope, claim: Claim, reply: Reply) -> None:
        """Finish the key. Raises KeyInUse when another attempt took over."""


class Database(Protocol):
    """One database identity."""

    def open(self, scope: Scope, *, reading: bool = False, claim: Claim | None = None, careful: bool = False, presuming: bool = False) -> UnitOfWork:
        """A unit of work; nothing is sent before it is needed. reading: GET-like, the first read travels without BEGIN and COMMIT.
        careful: see Work; jobs always are. presuming: what the gate said last of this member counts until it is asked, and whatever is sent
        first raises RuleBroken workspace_changed when that is over; `confirm` before you tell a refusal that rests on it."""

    keys: Keys

    def explain(self, error: Exception) -> DomainError | None:
        """The domain error behind a storage library's exception; None when it is not a storage fault."""

    def modules(self, work: UnitOfWork, workspace_id: UUID | None) -> Modules:
        """What the workspace has on, cached by its version."""

    def only_workspace(self, user_id: UUID, session_id: UUID) -> UUID | None:
        """The workspace of a person who has exactly one."""
