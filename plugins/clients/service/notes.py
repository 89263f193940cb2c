"""Notes about clients: the staff's own, or shared with the client. What they said before is in the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.context import current
from kernel.errors import Forbidden, NotFound, Stale
from kernel.ids import new_id
from kernel.roles import Role
from plugins.clients.domain.notes import may_change
from plugins.clients.ports.notes import Notes as Stored
from plugins.clients.service.standing import writable
from ports.persistence import Document


class Notes:
    """The notes of the current workspace. now: the time, aware, in UTC."""

    def __init__(self, *, notes: Stored, now: Callable[[], datetime]) -> None:
        self._notes = notes
        self._now = now

    def page(self, client_id: UUID, visibility: str | None, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """Pinned ones first, then the newest. Raises NotFound for an unknown client."""
        found = self._notes.page(client_id, visibility, limit, after)
        if not found and not self._notes.known(client_id):
            raise NotFound()
        return found

    def read(self, client_id: UUID, id: UUID) -> Document:
        """One note. Raises NotFound."""
        found = self._notes.get(client_id, id)
        if found is None:
            raise NotFound()
        return found

    def add(self, client_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write a note as the actor. Raises NotFound for an unknown client, Conflict already_merged."""
        writable(self._notes.known(client_id))
        now = self._now()
        note = {
            "id": new_id(), "client_id": client_id, "author_id": current().scope.user_id, **given, "version": 1,
            "created_at": now, "updated_at": now,
        }  # fmt: skip
        self._notes.add({**note, "removed_at": None})
        return note

    def change(self, client_id: UUID, id: UUID, changes: Mapping[str, Any], expected: int | None) -> Document:
        """Set the given fields; the author stays. expected: None or -1 for any version. Raises NotFound, Forbidden not_your_note, Stale."""
        expected = None if expected == -1 else expected
        changed = self._notes.change(client_id, id, frozenset(changes), {**changes, "updated_at": self._now()}, expected)
        if changed is None:
            self._check_mine(self.read(client_id, id))
            raise Stale()
        return changed

    def remove(self, client_id: UUID, id: UUID, expected: int | None) -> None:
        """Take a note away; the audit log keeps it. Raises as `change`."""
        self.change(client_id, id, {"removed_at": self._now()}, expected)

    def _check_mine(self, note: Document) -> None:
        owner = current().open_transaction.entered().role == Role.OWNER
        id = UUID(str(note["author_id"]))
        author = self._notes.author(id)
        if not may_change(id, note["visibility"], current().scope.user_id, owner=owner, gone=author["gone"]):
            raise Forbidden(
                "Only its author changes a private note; a shared one, or one whose author has left, an Owner as well.",
                code="not_your_note",
                extra={"author": {"id": str(id), "full_name": author["full_name"]}},
            )
