"""All that is held about one client, as every plugin tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.context import Modules, current
from kernel.errors import NotFound, Unavailable
from kernel.registry import Registry
from plugins.privacy import events
from plugins.privacy.ports import Personal as Stored


class Personal:
    """Exports of personal data. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Stored, registry: Registry, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._registry = registry
        self._now = now

    def export(self, client_id: UUID) -> dict[str, Any]:
        """By plugin and kind, with how many of each; the export itself is recorded as a read.

        Raises NotFound when nobody holds anything that the actor may see, Unavailable export_incomplete when a plugin cannot tell.
        """
        with _everything_on():
            answers: Sequence[tuple[str, Mapping[str, Sequence[Any]]]] = events.privacy_export(client_id=client_id)
        # A question's answer that fails is dropped; here that would look as if there were nothing.
        asked = {each.plugin for each in self._registry.subscriptions.get(events.privacy_export.name, ())}
        if silent := sorted(asked - {plugin for plugin, _ in answers}):
            raise Unavailable(f"{', '.join(silent)} cannot tell right now what is held.", code="export_incomplete", retry_after_s=5)
        if not any(rows for _, kinds in answers for rows in kinds.values()):
            raise NotFound()
        data = {plugin: dict(kinds) for plugin, kinds in answers}
        counts = {plugin: {kind: len(rows) for kind, rows in kinds.items()} for plugin, kinds in data.items()}
        self._stored.exported(client_id)
        return {"client_id": client_id, "exported_at": self._now(), "counts": counts, "data": data}

    def own(self, client_id: UUID) -> dict[str, Sequence[Mapping[str, Any]]]:
        """What this plugin holds: who read their sensitive data, and who signs in as them."""
        return {"memberships": self._stored.memberships(client_id), "reads": self._stored.reads_of(client_id)}


class _On:
    """Modules, as if every one were on."""

    def __init__(self, real: Modules) -> None:
        self._real = real

    def enabled(self, module: str) -> bool:
        return True

    def names(self) -> frozenset[str]:
        return self._real.names()

    def settings(self, module: str) -> Mapping[str, object]:
        return self._real.settings(module)


@contextmanager
def _everything_on() -> Iterator[None]:
    here = current()
    real, here.modules = here.modules, _On(here.modules)
    try:
        yield
    finally:
        here.modules = real
