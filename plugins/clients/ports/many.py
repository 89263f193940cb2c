"""What work on many clients needs from storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from plugins.clients.domain.register import Search
from ports.persistence import Row


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows of a table that referred to the record merged away. left: those that could not move."""

    table: str
    moved: int
    left: int


class Merging(Protocol):
    """One record becoming part of another."""

    def hold(self, ids: Sequence[UUID]) -> Mapping[UUID, Row]:
        """Lock these clients until the transaction ends, against new references too; all they say."""

    def stays(self, user_id: UUID) -> bool:
        """Keep them the collaborator they are until the transaction ends; False when they are just leaving."""

    def repoint(self, source: UUID, to: UUID) -> Sequence[Moved]:
        """Make whatever refers to one client refer to another, in every table of every plugin; health data stay where they are."""

    def archive(self, source: UUID, to: UUID, now: datetime, keys: Sequence[str]) -> None:
        """Queue: the record merged away is archived, points at the survivor, and is found no more; the survivor is known by these keys, too,
        and by those that the other had taken over."""


class Exports(Protocol):
    """Reading many clients out."""

    def every(self, search: Search) -> Iterator[Row]:
        """All clients of a search, in its order; assigned_to as an e-mail address."""


class Filters(Protocol):
    """Searches somebody keeps. Another's are there only when shared, for reading, and for an Owner to clear away."""

    def page(self, limit: int, after: tuple[Any, ...] | None) -> list[Row]: ...

    def get(self, filter_id: UUID) -> Row | None: ...

    def add(self, values: Mapping[str, object]) -> None: ...

    def change(self, filter_id: UUID, values: Mapping[str, object], expected: int | None) -> bool:
        """Replace one's own; False when there is none of this version (None: of any)."""

    def remove(self, filter_id: UUID, expected: int | None, *, shared: bool) -> bool:
        """False when there is none of this version. shared: also another's that is shared."""
