"""Searches that people keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.context import current
from kernel.errors import Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from kernel.roles import Role
from plugins.clients.ports.many import Filters as Stored
from ports.persistence import Row


class Filters:
    """One's own, and those that others share."""

    def __init__(self, *, stored: Stored, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._now = now

    def page(self, limit: int, after: tuple[Any, ...] | None) -> list[Row]:
        """Filters, oldest first."""
        return self._stored.page(limit, after)

    def read(self, filter_id: UUID) -> Row:
        """One filter. Raises NotFound."""
        found = self._stored.get(filter_id)
        if found is None:
            raise NotFound()
        return found

    def applied(self, filter_id: UUID) -> dict[str, Any]:
        """The search a filter keeps. Raises Invalid invalid_reference."""
        found = self._stored.get(filter_id)
        if found is None:
            raise Invalid(code="invalid_reference", errors=[Fault("?filter", "No such saved search.")])
        kept = dict(found["query"])
        return {**kept, "assigned_to": UUID(kept["assigned_to"]) if kept.get("assigned_to") else None}

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a search. Raises Conflict name_taken."""
        made = {**given, "id": new_id(), "created_at": self._now()}
        self._stored.add(made)
        return {**made, "mine": True, "version": 1}

    def change(self, filter_id: UUID, given: Mapping[str, Any], expected: int | None) -> Row:
        """Replace one's own. expected: None or -1 for any version. Raises NotFound, also for another's; Stale, Conflict name_taken."""
        if not self._stored.change(filter_id, given, None if expected == -1 else expected):
            raise self._missed(filter_id)
        return self.read(filter_id)

    def remove(self, filter_id: UUID, expected: int | None) -> None:
        """Keep one's own no longer, as an Owner also one that another shares: they may have left. Raises NotFound, Stale."""
        owner = current().open_transaction.entered().role == Role.OWNER
        if not self._stored.remove(filter_id, None if expected == -1 else expected, shared=owner):
            raise self._missed(filter_id, shared=owner)

    def _missed(self, filter_id: UUID, *, shared: bool = False) -> NotFound | Stale:
        """What is theirs to change and could not be has changed already. shared: also what another shares."""
        found = self._stored.get(filter_id)
        return Stale() if found is not None and (found["mine"] or (shared and found["shared"])) else NotFound()
