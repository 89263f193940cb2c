"""What importing needs from storage. For a collaborator limited to their own clients only the imports that they started exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from kernel.errors import Fault
from ports.persistence import Row


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is to be read. mode: `all` adds nobody unless every row is good; `rows` adds every good row."""

    mode: str
    allow_duplicate: bool
    date_order: str | None
    charset: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is read: what dates look like there, which day it is, who a client may be assigned to (address or name → id, None for a name
    that several have)."""

    locale: str
    today: date
    collaborators: Mapping[str, UUID | None]


class Load(Protocol):
    """Checks what is said about a client as a request's body is checked."""

    def __call__(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[Fault]]: ...


class Queue(Protocol):
    """Stores the job that runs an import; its id."""

    def __call__(self, import_id: UUID) -> UUID: ...


class Imports(Protocol):
    """Imports, and what is known about rows that may come again."""

    def place(self) -> Place: ...

    def start(self, values: Mapping[str, object], content: bytes) -> None:
        """Queue a new import and its file."""

    def get(self, import_id: UUID) -> Row | None: ...

    def visible(self, clients: Collection[UUID]) -> Collection[UUID]:
        """Those of these clients whom the actor may know of."""

    def page(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """Imports, newest first."""

    def content(self, import_id: UUID) -> tuple[Row, bytes] | None:
        """An import that is not finished, with its file."""

    def lock(self) -> None:
        """One import at a time in this workspace, until the transaction ends."""

    def stay(self, people: Collection[UUID]) -> Mapping[UUID, bool]:
        """Those of them who are on the staff, and stay there until the transaction ends; whether each sees every client."""

    def act_for(self, user_id: UUID) -> None:
        """Queue: what is written from here on is written by them, as the audit has it."""

    def lock_terms(self, terms: Collection[str]) -> None:
        """Queue: nobody else takes one of these until the transaction ends."""

    def known(self, keys: Collection[str]) -> Collection[str]:
        """Those of these rows that were imported before."""

    def holders(self, terms: Collection[str]) -> Mapping[str, UUID]:
        """Who has these terms."""

    def add(
        self, import_id: UUID, clients: Sequence[Mapping[str, Any]], terms: Mapping[UUID, Sequence[str]], keys: Mapping[UUID, str]
    ) -> None:  # fmt: skip
        """Queue many new clients, and which import brought them."""

    def stop(self, import_id: UUID, reason: str) -> None:
        """Queue: it ends here."""

    def interrupted(self) -> Sequence[UUID]:
        """Those that are not finished and whose job was skipped, because the module was off."""

    def requeued(self, import_id: UUID, job_id: UUID) -> None:
        """Queue: another job goes on with it."""

    def advance(self, import_id: UUID, counts: Mapping[str, int], problems: Sequence[Mapping[str, object]], *, finished: bool) -> None:
        """Queue what a step did."""
