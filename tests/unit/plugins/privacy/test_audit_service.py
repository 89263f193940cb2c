"""Reading the audit trail, without storage."""

from __future__ import annotations

from uuid import UUID

import pytest

from kernel.errors import Invalid, NotFound
from plugins.privacy.ports import Filters, ReadFilters
from plugins.privacy.service import AuditService
from ports.persistence import Document

ONE = UUID(int=1)


class OneEntry:
    """A trail that holds one entry."""

    def entries(self, filters: Filters, before: UUID | None, limit: int) -> list[Document]:
        return [{"id": ONE}]

    def reads(self, filters: ReadFilters, before: UUID | None, limit: int) -> list[Document]:
        return []

    def export(self, filters: Filters, before: UUID | None, limit: int) -> list[Document]:
        return []

    def entry(self, id: UUID) -> Document | None:
        return {"id": ONE} if id == ONE else None


def test_an_entry_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        AuditService(trail=OneEntry()).read(UUID(int=2))


def test_an_export_goes_on_only_after_an_entry_that_is_there() -> None:
    with pytest.raises(Invalid):
        AuditService(trail=OneEntry()).export(Filters(), UUID(int=2))
    assert AuditService(trail=OneEntry()).export(Filters(), ONE) == ([], None)


def test_an_entry_is_read() -> None:
    assert AuditService(trail=OneEntry()).read(ONE) == {"id": ONE}
