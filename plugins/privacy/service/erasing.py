"""Erasures: the record that takes values of entries away, and which entries such a record stands for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kernel.errors import Fault, Invalid
from kernel.ids import new_id
from plugins.privacy.domain import MOST_ERASED, Erased, Erasure
from plugins.privacy.ports import Chain
from ports.anchors import Notary


class Erasing:
    """Makes records of erasures. Whoever owns the database writes them, with what they erase; without the notary nobody can."""

    def __init__(self, *, notary: Notary) -> None:
        self._notary = notary

    def record(self, workspace: UUID, entries: Sequence[UUID], reason: str) -> tuple[UUID, dict[str, object]]:
        """The id of a new record, and what it says. reason: why, without a word of what is erased. Raises Invalid for too many at once."""
        if not 1 <= len(entries) <= MOST_ERASED:
            raise Invalid(errors=[Fault("/entries", f"From 1 to {MOST_ERASED:,} at a time.")])
        erasure = Erasure(new_id(), workspace, frozenset(map(str, entries)), reason)
        said: dict[str, object] = {"entries": sorted(erasure.entries), "reason": reason, "voucher": self._notary.vouch(erasure.statement).hex()}
        return erasure.id, said


class Erasures:
    """The records of one workspace, read as they are met, each once."""

    def __init__(self, chain: Chain, notary: Notary, workspace: UUID) -> None:
        self._chain = chain
        self._notary = notary
        self._workspace = workspace
        self._named: dict[str, frozenset[str]] = {}

    def unaccounted(self, erased: Sequence[Erased]) -> list[Erased]:
        """Those that no record we vouched for stands for."""
        new = {one.record for one in erased if one.record is not None} - self._named.keys()
        if new:
            found = dict(self._chain.erasures(sorted(new)))
            self._named |= {id: self._vouched(id, found.get(id)) for id in new}
        return [one for one in erased if one.record is None or one.entry_id not in self._named[one.record]]

    def _vouched(self, id: str, said: object) -> frozenset[str]:
        try:
            assert isinstance(said, dict)
            erasure = Erasure(UUID(id), self._workspace, frozenset(map(str, said["entries"])), str(said["reason"]))
            voucher = bytes.fromhex(said["voucher"])
            return erasure.entries if self._notary.vouched(erasure.statement, voucher) else frozenset()
        except (AssertionError, KeyError, TypeError, ValueError):  # whoever can write rows can write any JSON
            return frozenset()
