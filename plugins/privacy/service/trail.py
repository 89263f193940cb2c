"""Reading the audit trail. Writing it is the database's: nothing here could forget it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from kernel.errors import Fault, Invalid, NotFound
from plugins.privacy.ports import Filters, ReadFilters, Trail
from ports.persistence import Document, Row

PART: Final = 10_000
"""Entries of one download."""


class AuditService:
    """The use cases of the audit."""

    def __init__(self, *, trail: Trail) -> None:
        self._trail = trail

    def page(self, filters: Filters, before: UUID | None, limit: int) -> list[Document]:
        """Entries, the newest first."""
        return self._trail.entries(filters, before, limit)

    def export(self, filters: Filters, before: UUID | None) -> tuple[Sequence[Row], UUID | None]:
        """The next part of a download, and after which entry to go on. Raises Invalid when `before` is no entry of this workspace."""
        if before is not None and self._trail.entry(before) is None:
            raise Invalid(errors=[Fault("?before", "There is no such entry.")])
        rows = self._trail.export(filters, before, PART + 1)
        return (rows, None) if len(rows) <= PART else (rows[:PART], rows[PART - 1]["id"])

    def reads(self, filters: ReadFilters, before: UUID | None, limit: int) -> list[Document]:
        """Who read what, the newest first. A Cliente is shown the reads of their own record."""
        return self._trail.reads(filters, before, limit)

    def read(self, id: UUID) -> Document:
        """One entry. Raises NotFound."""
        found = self._trail.entry(id)
        if found is None:
            raise NotFound()
        return found
