"""What exclusions need from storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Row


class Exclusions(Protocol):
    """Times in which less is expected of a client; those removed do not count. Reasons are sealed."""

    def known(self, client_id: UUID) -> Row | None:
        """merged_into; None when there is no such client."""

    def page(self, client_id: UUID, on: date | None, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """The latest first. on: only those that cover this day."""

    def get(self, client_id: UUID, id: UUID) -> Row | None: ...

    def add(self, exclusion: Mapping[str, object]) -> None: ...

    def replace(self, client_id: UUID, id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None:
        """Set everything and step the version; None when there is none at the version expected."""

    def remove(self, client_id: UUID, id: UUID, now: datetime, expected: int | None) -> bool: ...

    def least(self, client_id: UUID, day: date) -> int | None:
        """The smallest adherence expected that day; None without an exclusion."""
