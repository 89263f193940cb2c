"""The same change to many clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, NotFound
from plugins.clients.domain.register import MOST_TAGS, Status, normalise, unique_tags
from plugins.clients.ports.register import Register
from plugins.clients.service.register import Clients
from ports.persistence import Row


class Bulk:
    """Changes one by one, in one transaction."""

    def __init__(self, *, register: Register, clients: Clients) -> None:
        self._register = register
        self._clients = clients

    def change(self, ids: Sequence[UUID], action: Mapping[str, Any], *, all_or_nothing: bool) -> dict[str, Any]:
        """What became of each: changed, unchanged, not_found or refused (with the reason). In the order of the ids, each once.

        Raises Conflict bulk_refused when all_or_nothing and one of them cannot change.
        """
        done: dict[UUID, tuple[str, str | None]] = dict.fromkeys(ids, ("", None))
        self._register.stay([action["assigned_to"]] if action.get("assigned_to") else [])
        for each in sorted(done):  # in one order everywhere: two of these at once wait for each other instead of deadlocking
            done[each] = self._one(each, action)
        results = [{"id": each, "status": status, "detail": detail} for each, (status, detail) in done.items()]
        if all_or_nothing and (bad := [each for each in results if each["status"] in ("not_found", "refused")]):
            extra: dict[str, object] = {"results": [{**each, "id": str(each["id"])} for each in bad]}
            raise Conflict("Not all of them can change, so none did.", code="bulk_refused", extra=extra)
        return {"results": results, "changed": sum(each["status"] == "changed" for each in results)}

    def _one(self, client_id: UUID, action: Mapping[str, Any]) -> tuple[str, str | None]:
        held = self._register.lock(client_id)
        if held is None:
            return "not_found", None
        values = _values(held, action)
        if not values:
            return "unchanged", None
        if len(values.get("tags", ())) > MOST_TAGS:
            return "refused", f"They would have more than {MOST_TAGS} tags."
        try:
            with current().open_transaction.savepoint():
                self._clients.change(client_id, values, None)
        except Conflict as refusal:
            return "refused", refusal.detail
        except NotFound:
            return "not_found", None
        return "changed", None


def _values(held: Row, action: Mapping[str, Any]) -> dict[str, Any]:
    kind = action["action"]
    if kind == "archive":
        return {} if held["status"] == Status.ARCHIVED else {"status": Status.ARCHIVED}
    if kind == "assign":
        return {} if held["assigned_to"] == action["assigned_to"] else {"assigned_to": action["assigned_to"]}
    if kind == "stage":
        return {} if held["lifecycle_stage"] == action["lifecycle_stage"] else {"lifecycle_stage": action["lifecycle_stage"]}
    named = {normalise(tag) for tag in action["tags"]}
    tags = unique_tags([*held["tags"], *action["tags"]]) if kind == "tag" else [tag for tag in held["tags"] if normalise(tag) not in named]
    return {} if tags == held["tags"] else {"tags": tags}
