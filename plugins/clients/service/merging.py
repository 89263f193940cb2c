"""Two records of one person becoming one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.context import current
from kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Stale
from plugins.clients import events
from plugins.clients.domain.duplicates import keys_of
from plugins.clients.domain.register import MOST_TAGS, Status, unique_tags
from plugins.clients.domain.timeline import Moment
from plugins.clients.ports.many import Merging as Stored
from plugins.clients.ports.timeline import History
from plugins.clients.service.consents import Consents
from plugins.clients.service.health import Health
from plugins.clients.service.register import Clients
from ports.persistence import Document, Row

FIELDS: Final = ("full_name", "email", "phone", "birth_date", "notes", "assigned_to", "lifecycle_stage")
"""What can be taken from either record."""


class Merging:
    """The register's records, joined for good."""

    def __init__(
        self, *, stored: Stored, history: History, clients: Clients, consents: Consents, health: Health, now: Callable[[], datetime]
    ) -> None:
        self._history = history
        self._stored = stored
        self._clients = clients
        self._consents = consents
        self._health = health
        self._now = now

    def merge(self, client_id: UUID, source: UUID, choices: Mapping[str, str], expected: int | None, *, leave_conflicts: bool) -> Document:
        """Make `source` part of `client_id`: everything that refers to it refers to the survivor, also rows of plugins that are off. expected: the
        survivor's version that the caller decided by, None or -1 for any.

        choices: field → `from` or `into`; what is not chosen is the survivor's, or the other's where the survivor's is empty. Tags and custom
        fields add up unless one side is chosen; of the consents the strictest decides; addresses and numbers of both tell who the survivor is, also
        those that are not chosen. Raises NotFound, Stale, Invalid for one and the same, Conflict already_merged, client_archived for an archived
        survivor of one who is not, and Conflict merge_conflict when both have health data and nothing was chosen, their tags are too many, or rows
        cannot move because the survivor has their like, unless leave_conflicts: then they stay with the archived record.
        """
        if current().open_transaction.entered().limited:
            raise Forbidden("Whoever sees only their own clients cannot merge.", code="limited_to_own_clients")
        if client_id == source:
            raise Invalid(errors=[Fault("/from", "Is the same client.")])
        held = self._stored.hold([client_id, source])
        if client_id not in held:
            raise NotFound()
        if expected not in (None, -1, held[client_id]["version"]):
            raise Stale()
        if source not in held:
            raise Invalid(code="invalid_reference", errors=[Fault("/from", "No such client in this workspace.")])
        into, other = held[client_id], held[source]
        if into["merged_into"] or other["merged_into"]:
            raise Conflict("One of them was merged before.", code="already_merged")
        if into["status"] == Status.ARCHIVED != other["status"]:  # what must not be archived, as who has bookings to come, would be
            raise Conflict("The record that stays is archived: restore it first, or merge it into the other.", code="client_archived")
        events.clients_merging(client_id=client_id, from_id=source)
        self._consents.combine(client_id, source)
        settled = self._health.combine(client_id, source, choices.get("health"))
        moved = self._stored.repoint(source, client_id)
        left: list[dict[str, object]] = [{"table": each.table, "rows": each.left} for each in moved if each.left]
        if not settled:
            left.append({"table": "clients_health", "rows": 1, "field": "health"})
        if (many := len(_tags(into, other, choices)) - MOST_TAGS) > 0:
            left.append({"table": "clients", "rows": many, "field": "tags"})
        if left and not leave_conflicts:
            raise Conflict(
                "Both have records that only one can have: choose whose stays where there is a field for it,"
                " or send leave_conflicts=true to leave those of the other with the archived record.",
                code="merge_conflict",
                extra={"conflicts": sorted(left, key=lambda each: str(each["table"]))},
            )
        values, now = _joined(into, other, choices), self._now()
        # Both records are held already, and whoever goes holds themselves before the records: nobody waits for the other.
        if values.get("assigned_to") and not self._stored.stays(values["assigned_to"]):
            raise Conflict("Who looks after the other record is leaving right now; try again.", code="busy", retry_after_s=1)
        own = keys_of({**into, **values})
        self._stored.archive(source, client_id, now, [key for key in (*keys_of(into), *keys_of(other)) if key not in own])
        self._history.remember(client_id, Moment.MERGED, now, other["full_name"], source)
        survivor = self._clients.change(client_id, values, None, fitted=True, allow_duplicate=True)
        events.clients_merged(client_id=client_id, from_id=source)
        return survivor

    def follow(self, client_id: UUID, source: UUID) -> None:
        """Bring after what was written about the record merged away while the merge was under way."""
        self._stored.repoint(source, client_id)


def _joined(into: Row, other: Row, choices: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in FIELDS:
        chosen = choices.get(name) or ("into" if into[name] is not None else "from")
        if chosen == "from" and other[name] != into[name]:
            values[name] = other[name]
    values["tags"] = _tags(into, other, choices)[:MOST_TAGS]
    custom = {"from": other["custom_fields"], "into": into["custom_fields"]}.get(choices.get("custom_fields", ""))
    values["custom_fields"] = {**other["custom_fields"], **into["custom_fields"]} if custom is None else custom
    return values


def _tags(into: Row, other: Row, choices: Mapping[str, str]) -> list[str]:
    chosen = {"from": other["tags"], "into": into["tags"]}.get(choices.get("tags", ""))
    return unique_tags([*into["tags"], *other["tags"]] if chosen is None else chosen)
