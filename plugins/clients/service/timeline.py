"""A client's past, as every plugin that is on knows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kernel.errors import NotFound
from plugins.clients import events
from plugins.clients.ports.many import Known


class Timeline:
    """Answers of many, merged by time, newest first."""

    def __init__(self, *, known: Known) -> None:
        self._known = known

    def page(self, client_id: UUID, limit: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """Entries: at, kind, title, reference, plugin, and `place`, `seen`: what the next page begins behind. Raises NotFound."""
        until = None if after is None else datetime.fromisoformat(after[0])
        seen = 0 if after is None else int(after[2])
        found = list(self._own(client_id))
        for plugin, entries in events.clients_timeline(client_id=client_id, until=until, limit=limit + seen):
            found += [_entry(plugin, each) for each in entries]
        found.sort(key=lambda each: (each["at"], each["place"]), reverse=True)
        if after is not None:
            found = [each for each in found if (each["at"], each["place"]) < (until, after[1])]
        shown = found[:limit]
        for each in shown:
            seen = seen + 1 if each["at"] == until else 1
            until = each["at"]
            each["seen"] = seen
        return shown

    def _own(self, client_id: UUID) -> Iterator[dict[str, Any]]:
        client = self._known.get(client_id)
        if client is None:
            raise NotFound()
        yield _entry("clients", {"at": _moment(client["created_at"]), "kind": "clients.created", "title": "Added", "reference": client_id})
        if client["lifecycle_since"] != client["created_at"]:
            stage = client["lifecycle_stage"]
            yield _entry(
                "clients", {"at": _moment(client["lifecycle_since"]), "kind": "clients.stage", "title": f"Stage: {stage}", "reference": client_id}
            )
        if client["archived_at"] is not None:
            yield _entry("clients", {"at": _moment(client["archived_at"]), "kind": "clients.archived", "title": "Archived", "reference": client_id})
        for each in self._known.merged(client_id, 200):
            yield _entry("clients", {"at": each["archived_at"], "kind": "clients.merged", "title": "Merged", "reference": each["id"]})


def _entry(plugin: str, told: Any) -> dict[str, Any]:
    reference = told.get("reference")
    return {
        "at": told["at"].astimezone(UTC), "kind": told["kind"], "title": told["title"], "reference": reference, "plugin": plugin,
        "place": f"{told['kind']} {reference or ''} {told['title']}",
    }  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
