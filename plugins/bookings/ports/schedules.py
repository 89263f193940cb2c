"""What schedules and time off need from storage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Document, Row


class Schedules(Protocol):
    """When people work, and when not."""

    def schedule(self, user_id: UUID) -> Row | None: ...

    def known(self, user_id: UUID) -> bool:
        """Whether they are staff here now."""

    def put(self, user_id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None:
        """Set all of it; None when it is not at the version expected. 0 expects none."""

    def time_off(
        self, user_id: UUID | None, room_id: UUID | None, since: datetime | None, limit: int, after: tuple[Any, ...] | None
    ) -> list[Document]:
        """By start; since: only what ends later."""

    def one_off(self, id: UUID) -> Row | None: ...

    def add_off(self, values: Mapping[str, object]) -> None: ...

    def change_off(self, id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None: ...

    def remove_off(self, id: UUID, expected: int | None) -> bool: ...
