"""A client's past, as every plugin that is on knows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kernel.errors import NotFound
from plugins.clients import events
from plugins.clients.domain.timeline import title_of
from plugins.clients.ports.timeline import Past


class Timeline:
    """Answers of many, merged by time, newest first."""

    def __init__(self, *, past: Past) -> None:
        self._past = past

    def page(self, client_id: UUID, limit: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """Entries: at, kind, title, reference, plugin, and `place`, `seen`: what the next page begins behind. Raises NotFound."""
        if not self._past.known(client_id):
            raise NotFound()
        until = None if after is None else datetime.fromisoformat(after[0])
        seen = 0 if after is None else int(after[2])
        found = list(self._own(client_id, until, limit + seen))
        for plugin, entries in events.clients_timeline(client_id=client_id, until=until, limit=limit + seen):
            found += [_entry(plugin, each, f"{each['kind']} {each.get('reference') or ''} {each['title']}") for each in entries]
        found.sort(key=lambda each: (each["at"], each["place"]), reverse=True)
        if after is not None:
            found = [each for each in found if (each["at"], each["place"]) < (until, after[1])]
        shown = found[:limit]
        for each in shown:
            seen = seen + 1 if each["at"] == until else 1
            until = each["at"]
            each["seen"] = seen
        return shown

    def _own(self, client_id: UUID, until: datetime | None, limit: int) -> Iterator[dict[str, Any]]:
        for each in self._past.entries(client_id, until, limit):
            yield _entry("clients", {**each, "title": title_of(each["kind"], each["detail"])}, f"{each['kind']} {each['key']}")


def _entry(plugin: str, told: Any, place: str) -> dict[str, Any]:
    """place: where it stands among those of the same moment; in the order in which a plugin answers, backwards."""
    return {
        "at": told["at"].astimezone(UTC), "kind": told["kind"], "title": told["title"], "reference": told.get("reference"), "plugin": plugin,
        "place": place,
    }  # fmt: skip
