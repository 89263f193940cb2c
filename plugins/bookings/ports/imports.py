"""What calendars of other applications need from storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kernel.intervals import Interval
from ports.persistence import Row


class Imports(Protocol):
    """Calendars that people have elsewhere, and when those say that they are taken."""

    def page(self, user_id: UUID, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]: ...

    def place(self, user_id: UUID) -> Row | None:
        """Of somebody: `timezone`, of their hours or the workspace's; `count`, of their calendars. None of who is no staff any more."""

    def begin(self, user_id: UUID) -> None:
        """One at a time of this person's, until the transaction ends, and not while they leave."""

    def get(self, id: UUID, user_id: UUID | None) -> Row | None:
        """With its sealed `url`, `last_tried_at` and the `timezone`; user_id: only if it is theirs. None as well when they are no staff any more."""

    def all(self) -> Sequence[UUID]:
        """Those of people who are staff now."""

    def add(self, values: Mapping[str, object]) -> None: ...

    def fetched(self, id: UUID, events: int, notes: Sequence[str], now: datetime) -> Row | None:
        """It was read; None when it is gone."""

    def failed(self, id: UUID, error: str, now: datetime) -> Row | None:
        """It could not be read; what was known of it stays."""

    def replace(self, id: UUID, user_id: UUID, busy: Sequence[Interval]) -> None:
        """Set the taken times; those that stay are not touched."""

    def hold(self, id: UUID, user_id: UUID) -> int | None:
        """Lock theirs; its version, None when there is none."""

    def remove(self, id: UUID) -> None:
        """With the times it takes."""

    def sealed_otherwise(self, prefix: str, after: UUID, limit: int) -> Sequence[Row]:
        """`id` and `url` of those whose sealed address does not begin so, by id."""

    def seal_anew(self, id: UUID, before: str, url: str) -> bool:
        """False when it is not what it was."""
