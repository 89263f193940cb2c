"""What a change of keys needs from storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ports.persistence import Row


class SealedRows(Protocol):
    """The sealed columns of this plugin, in the current workspace."""

    def columns(self) -> Sequence[tuple[str, str]]:
        """(table, column) of each."""

    def due(self, table: str, column: str, prefix: str, after: UUID, limit: int) -> Sequence[Row]:
        """By id, beyond `after`: id and sealed of the rows that do not begin with the prefix."""

    def swap(self, table: str, column: str, ids: Sequence[UUID], before: Sequence[str], after: Sequence[str]) -> int:
        """Put the new text where the old one still stands; what changed meanwhile is left alone. How many it was."""
