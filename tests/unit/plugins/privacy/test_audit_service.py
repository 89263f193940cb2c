"""Reading the audit trail, without storage."""

from __future__ import annotations

import pytest

from kernel.errors import NotFound
from plugins.privacy.ports import Filters, ReadFilters
from plugins.privacy.service import LARGEST_ID, AuditService
from ports.persistence import Document


class OneEntry:
    """A trail that holds entry 1 and cannot be asked for what no bigint holds."""

    def entries(self, filters: Filters, before: int | None, limit: int) -> list[Document]:
        return [{"id": 1}]

    def reads(self, filters: ReadFilters, before: int | None, limit: int) -> list[Document]:
        return []

    def entry(self, id: int) -> Document | None:
        assert id <= LARGEST_ID
        return {"id": 1} if id == 1 else None


@pytest.mark.parametrize("id", [0, 2, LARGEST_ID, LARGEST_ID + 1, 10**40])
def test_an_entry_that_is_not_there_is_not_found_however_large_its_number(id: int) -> None:
    with pytest.raises(NotFound):
        AuditService(trail=OneEntry()).read(id)


def test_an_entry_is_read() -> None:
    assert AuditService(trail=OneEntry()).read(1) == {"id": 1}
