"""What a seal says and how it is computed. Python's own hashes: a database that lies about its functions is found out."""

from __future__ import annotations

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
"""Values that were never there, or were erased."""

_ERASED: Final = bytes(32)
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


def judge(seal: Seal, entries: Sequence[Entry]) -> tuple[list[Break], int]:
    """What is wrong with the entries of a seal, and how many of them were erased."""
    found: list[Break] = []
    erased = 0
    known = {seal.proofs[at : at + PROOF] for at in range(0, len(seal.proofs), PROOF)}
    for place, entry in enumerate(entries):
        kept = seal.proofs[place * PROOF : (place + 1) * PROOF]
        position = seal.first + place
        if entry.fact is None:
            found.append(Break(Kind.DELETED, seal.number, position, entry.id))
            continue
        proof = entry.proof()
        if entry.salt is None and entry.values == NO_VALUES and proof[:32] == kept[:32]:
            erased += 1
        elif proof != kept:
            kind = Kind.REORDERED if proof in known else Kind.CHANGED
            found.append(Break(kind, seal.number, position, entry.id, entry.table))
    return found, erased
