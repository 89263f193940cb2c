"""All that is held about one client, as every plugin tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from kernel.errors import NotFound
from plugins.privacy import events
from plugins.privacy.ports import Personal as Stored


class Personal:
    """Exports of personal data. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Stored, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._now = now

    def export(self, client_id: UUID) -> dict[str, Any]:
        """By plugin and kind, with how many of each; the export itself is recorded as a read.

        Raises NotFound when nobody holds anything that the actor may see, Unavailable incomplete_answer when a plugin cannot tell.
        """
        answers: Sequence[tuple[str, Mapping[str, Sequence[Any]]]] = events.privacy_export(client_id=client_id)
        if not any(rows for _, kinds in answers for rows in kinds.values()):
            raise NotFound()
        data = {plugin: dict(kinds) for plugin, kinds in answers}
        counts = {plugin: {kind: len(rows) for kind, rows in kinds.items()} for plugin, kinds in data.items()}
        self._stored.exported(client_id)
        return {"client_id": client_id, "exported_at": self._now(), "counts": counts, "data": data}

    def own(self, client_id: UUID) -> dict[str, Sequence[Mapping[str, Any]]]:
        """What this plugin holds: who read their sensitive data, and who signs in as them."""
        return {"memberships": self._stored.memberships(client_id), "reads": self._stored.reads_of(client_id)}
