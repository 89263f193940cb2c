"""Starting, reading and changing workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.context import current
from kernel.errors import NotFound, Stale
from kernel.ids import new_id
from kernel.registry import Registry
from plugins.workspaces.domain.modules import initial_modules
from plugins.workspaces.ports import Workspaces
from plugins.workspaces.service.logos import LogosService
from ports.clock import Clock
from ports.persistence import Document, Row


class WorkspacesService:
    """Workspaces themselves."""

    def __init__(self, *, store: Workspaces, registry: Registry, clock: Clock, logos: LogosService) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._logos = logos

    def create(self, *, time_format: str = "24h", branding: Mapping[str, Any] | None = None, **profile: object) -> Row:
        """A new workspace with the default modules on; the actor is its Owner. Raises Invalid for a logo that was sent elsewhere."""
        self._logos.check(branding or {})
        return self._store.found(new_id(), initial_modules(self._registry), time_format=time_format, branding=branding or {}, **profile)

    def mine(self, after: str | None, limit: int) -> list[Document]:
        """The workspaces the actor belongs to, with their role in each."""
        return self._store.mine(after, limit)

    def read(self) -> Row:
        """The current workspace."""
        found = self._store.workspace()
        if found is None:
            raise NotFound()
        return found

    def change(self, *, branding: Mapping[str, Any] | None = None, **profile: object) -> Row:
        """Set what is given; what is so already is not written again. Raises Stale when If-Match named another version, Invalid for a logo that
        was sent elsewhere."""
        self._logos.check(branding or {})
        self._store.lock()
        before, expected = self.read(), current().expected_version
        dressed = {name: value for name, value in {**before["branding"], **(branding or {})}.items() if value is not None}
        if dressed == before["branding"] and all(before[name] == value for name, value in profile.items()):
            if expected not in (None, -1, before["version"]):
                raise Stale()
            return before
        changed = self._store.change(expected, self._clock.now(), branding=branding, **profile)
        if changed is None:
            raise Stale()
        self._logos.forget_replaced(before["branding"], changed["branding"])
        return changed
