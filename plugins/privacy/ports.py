"""What the audit needs from storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ports.persistence import Document


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

    def entry(self, id: UUID) -> Document | None: ...
