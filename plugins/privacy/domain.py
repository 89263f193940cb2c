"""What a seal says and how it is computed. Python's own hashes: a database that lies about its functions is found out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

PROOF: Final = 64
"""Bytes per entry: the hash of what was done, the hash of its salted values."""

START: Final = bytes(32)
"""What the first seal follows."""

NO_VALUES: Final = "\x1f"
"""Values that were never there."""

MOST_ERASED: Final = 1_000
"""Entries that one record of an erasure names at most."""

_ERASED: Final = bytes(32)
_IN_PLACE: Final = re.compile(NO_VALUES + r'\{"erased": "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"\}')
"""What stands where values were erased: the id of the entry that records it."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """An audit entry as it is sealed. fact: who did what to which record and when; values: before and after; both as canonical text.

    salt: None when the values were erased. fact: None when the entry is gone.
    """

    id: str
    fact: str | None
    salt: str | None
    values: str
    table: str | None
    seq: int = 0

    @property
    def at_us(self) -> int:
        """When it was written, in microseconds since 1970. Of an entry that is there."""
        assert self.fact is not None
        return int(self.fact[1 : self.fact.index(",")])

    def proof(self) -> bytes:
        values = _ERASED if self.salt is None else sha256(f"{self.salt}{NO_VALUES}{self.values}".encode()).digest()
        return sha256((self.fact or "").encode()).digest() + values


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain. first: the position of its first entry; through, settled: see the table."""

    number: int
    first: int
    previous: bytes
    through: int
    settled: int
    sealed_at: datetime
    proofs: bytes

    def hash(self, workspace: UUID, ids: Iterable[str]) -> bytes:
        at = (self.sealed_at - _EPOCH) // timedelta(microseconds=1)
        numbers = b"".join(value.to_bytes(8, "big") for value in (self.number, self.first, self.through, self.settled, at))
        entries = sha256(bytes.fromhex("".join(ids).replace("-", ""))).digest()
        return sha256(b"".join((b"fitpro audit seal 1", self.previous, workspace.bytes, numbers, entries, self.proofs))).digest()


class Kind(StrEnum):
    """What is wrong with the trail."""

    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    ERASED = "erased"
    BACKDATED = "backdated"
    SEAL_CHANGED = "seal_changed"
    SEAL_MISSING = "seal_missing"
    UNSIGNED = "unsigned"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class Break:
    """Where the trail is broken. entry_id and table name the row when it is one; position: of the entry, or of the seal's last."""

    kind: Kind
    seal: int
    position: int | None = None
    entry_id: str | None = None
    table: str | None = None


class Erased(NamedTuple):
    """An entry whose values were taken away. record: the id of the entry that is said to record it; None when none is."""

    entry_id: str
    position: int
    table: str | None
    record: str | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """A record that entries were erased, and why."""

    id: UUID
    workspace_id: UUID
    entries: frozenset[str]
    reason: str

    @property
    def statement(self) -> bytes:
        """What is vouched for."""
        named = b"".join(UUID(id).bytes for id in sorted(self.entries))
        return b"".join((self.workspace_id.bytes, self.id.bytes, sha256(self.reason.encode()).digest(), named))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a seal's entries are today. standing: those whose facts are as they were sealed."""

    breaks: list[Break]
    erased: list[Erased]
    standing: list[Entry]


def judge(seal: Seal, entries: Sequence[Entry]) -> Judgement:
    """Hold the entries of a seal to what was sealed."""
    found = Judgement([], [], [])
    known = {seal.proofs[at : at + PROOF] for at in range(0, len(seal.proofs), PROOF)}
    for place, entry in enumerate(entries):
        kept = seal.proofs[place * PROOF : (place + 1) * PROOF]
        position = seal.first + place
        if entry.fact is None:
            found.breaks.append(Break(Kind.DELETED, seal.number, position, entry.id))
            continue
        proof = entry.proof()
        if proof == kept:
            found.standing.append(entry)
            continue
        record = _IN_PLACE.fullmatch(entry.values)
        if entry.salt is None and proof[:32] == kept[:32] and (record or entry.values == NO_VALUES):
            found.standing.append(entry)
            found.erased.append(Erased(entry.id, position, entry.table, record[1] if record else None))
        else:
            kind = Kind.REORDERED if proof in known else Kind.CHANGED
            found.breaks.append(Break(kind, seal.number, position, entry.id, entry.table))
    return found
