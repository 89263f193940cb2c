"""What notes need from storage. For a Cliente only the shared ones about themself exist."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Document, Row


class Notes(Protocol):
    """Notes about clients; those removed are nobody's."""

    def known(self, client_id: UUID) -> Row | None:
        """merged_into; None when there is no such client."""

    def page(self, client_id: UUID, visibility: str | None, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """Pinned ones first, then the newest."""

    def get(self, client_id: UUID, id: UUID) -> Document | None: ...

    def add(self, note: Mapping[str, object]) -> None: ...

    def change(self, client_id: UUID, id: UUID, named: Collection[str], values: Mapping[str, object], expected: int | None) -> Document | None:
        """Set the named columns and step the version; None when there is no such note at the version expected, or the actor may not
        (domain.notes.may_change)."""

    def author(self, user_id: UUID) -> Row:
        """`full_name` of a member, also a former one, and `gone`: whether they are not of the staff any more."""
