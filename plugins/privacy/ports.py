"""What the audit needs from storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.privacy.domain import Entry, Seal
from ports.anchors import Receipt
from ports.persistence import Document, Row


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries; None does not filter. since is included, until is not."""

    actor_id: UUID | None = None
    table: str | None = None
    record_id: str | None = None
    action: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadFilters:
    """Which reads; None does not filter. since is included, until is not."""

    client_id: UUID | None = None
    actor_id: UUID | None = None
    table: str | None = None
    record_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Trail(Protocol):
    """The current workspace's audit entries."""

    def reads(self, filters: ReadFilters, before: UUID | None, limit: int) -> list[Document]:
        """Recorded reads, newest first; a Cliente's are those of their own record."""

    def entries(self, filters: Filters, before: UUID | None, limit: int) -> list[Document]:
        """Newest first, those older than `before`."""

    def export(self, filters: Filters, before: UUID | None, limit: int) -> Sequence[Row]:
        """The same as values, for a file."""

    def entry(self, id: UUID) -> Document | None: ...


class Personal(Protocol):
    """What the platform holds about a client."""

    def memberships(self, client_id: UUID) -> Sequence[Row]:
        """Who signs in as them."""

    def reads_of(self, client_id: UUID) -> Sequence[Row]:
        """Recorded reads of their sensitive data, in records merged into theirs too; the oldest first."""

    def exported(self, client_id: UUID) -> None:
        """Leave an entry of the export."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sealing worker finds: the last seal (None at the start), and what may be sealed now.

    top: the largest seq there is; over: of those earlier seals looked at, the largest that no transaction can come below any more;
    quiet: no other transaction is writing anywhere.
    """

    last: Seal | None
    head: bytes
    position: int
    top: int
    over: int
    quiet: bool
    horizon: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal as it is stored, with what it covers."""

    seal: Seal
    receipt: Receipt
    entries: list[Entry]


class Chain(Protocol):
    """The current workspace's seals."""

    def hold(self) -> None:
        """One sealing worker at a time, until the transaction ends."""

    def standing(self) -> Standing: ...

    def unsealed(self, settled: int, top: int, limit: int) -> list[Entry]:
        """Entries no seal has, in the order they will be sealed."""

    def add(self, seal: Seal, receipt: Receipt, entries: Sequence[Entry], horizon: int) -> None: ...

    def after(self, number: int, at_most: int) -> list[Sealed]:
        """Seals after this number, with their entries: as many as hold about `at_most` entries, at least one if there is any."""

    def receipt(self, number: int | None) -> Receipt | None:
        """What a seal says of itself; the last one's without a number."""

    def intruders(self, above: int, to: int, settled: int, after: int) -> list[Entry]:
        """Entries with a seq from above to `to`, at most `settled`, that no seal has. after: earlier seals cannot have them."""

    def times(self, number: int) -> list[tuple[int, int]]:
        """Of the last few seals that have entries, up to a number: `through`, and the newest time in it (microseconds; no later than its seal)."""

    def erasures(self, ids: Sequence[str]) -> list[tuple[str, object]]:
        """Those of these entries that record an erasure, and what they say."""

    def waiting(self, settled: int) -> int:
        """How many entries wait for their seal, counted up to 1,000."""
