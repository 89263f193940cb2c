"""Reading the audit trail. Writing it is the database's: nothing here could forget it."""

from __future__ import annotations

from uuid import UUID

from kernel.errors import NotFound
from plugins.privacy.ports import Filters, ReadFilters, Trail
from ports.persistence import Document


class AuditService:
    """The use cases of the audit."""

    def __init__(self, *, trail: Trail) -> None:
        self._trail = trail

    def page(self, filters: Filters, before: UUID | None, limit: int) -> list[Document]:
        """Entries, the newest first."""
        return self._trail.entries(filters, before, limit)

    def reads(self, filters: ReadFilters, before: UUID | None, limit: int) -> list[Document]:
        """Who read what, the newest first. A Cliente is shown the reads of their own record."""
        return self._trail.reads(filters, before, limit)

    def read(self, id: UUID) -> Document:
        """One entry. Raises NotFound."""
        found = self._trail.entry(id)
        if found is None:
            raise NotFound()
        return found
