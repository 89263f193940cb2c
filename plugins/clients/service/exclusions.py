"""Exclusions: injuries, holidays, illness, and how much of the plan is expected meanwhile.

The reason is sealed like health data. Those that tell health are under the client's consent like `/health`: without it nobody writes one, and the
staff reads only when it is and how much is expected. What that leaves looks like any other, whatever is asked and however.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Fault, Forbidden, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.clients.domain.exclusions import EVERYTHING, looks_withheld, tells_health, withheld
from plugins.clients.domain.health import SCOPE
from plugins.clients.ports.exclusions import Exclusions as Stored
from plugins.clients.ports.health import HealthRecords
from plugins.clients.service.actors import workspace
from plugins.clients.service.health import consented, may_read
from plugins.clients.service.standing import writable
from ports.encryption import Encryption, Place
from ports.persistence import Row

TABLE: Final = "clients_exclusion"
COLUMN: Final = "reason"


class Exclusions:
    """The exclusions of the current workspace's clients. now: the time, aware, in UTC."""

    def __init__(self, *, exclusions: Stored, records: HealthRecords, encryption: Encryption, now: Callable[[], datetime]) -> None:
        self._exclusions = exclusions
        self._records = records
        self._encryption = encryption
        self._now = now

    def page(self, client_id: UUID, on: date | None, limit: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """The latest first. on: only those that cover this day. Recorded as `read` is, once. Raises NotFound for an unknown client."""
        return self._told(client_id, self._exclusions.page(client_id, on, limit, after))

    def read(self, client_id: UUID, id: UUID) -> dict[str, Any]:
        """One of them. What tells health is a reading of the client's health data: recorded, and they see by whom. Raises NotFound."""
        return self._told(client_id, [self._find(client_id, id)])[0]

    def add(self, client_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
        """Raises NotFound for an unknown client, Conflict already_merged, Invalid for an end before the beginning; of what tells health
        Forbidden consent_required unless a consent is in force, scope_required of an API key without `clients:health`.
        """
        _check_days(given)
        told = tells_health(given["kind"])
        client = self._client(client_id, hold=told)
        writable(client)
        if told:
            _check_readable(client)
        now = self._now()
        made = {"id": new_id(), "client_id": client_id, **given, "version": 1, "created_at": now, "updated_at": now}
        self._exclusions.add({**made, "reason": self._sealed(made["id"], given["reason"]), "removed_at": None})
        return made

    def replace(self, client_id: UUID, id: UUID, given: Mapping[str, Any], expected: int | None) -> dict[str, Any]:
        """Set all of it; one that is withheld and written back as it was read keeps its kind and reason, so that other days lose nothing.
        expected: None or -1 for any version. Raises NotFound, Stale, and Invalid and Forbidden as `add`.
        """
        _check_days(given)
        client = self._client(client_id, hold=True)
        if tells_health(given["kind"]):
            _check_readable(client)
        before, readable = self._find(client_id, id), may_read(client)
        if tells_health(before["kind"]) and not readable and looks_withheld(given):
            kept = as_read(before, self._encryption, health=True)
            given = {**given, "kind": kept["kind"], "reason": kept["reason"]}
        values = {**given, "reason": self._sealed(id, given["reason"]), "updated_at": self._now()}
        changed = self._exclusions.replace(client_id, id, values, None if expected == -1 else expected)
        if changed is None:
            self._find(client_id, id)  # not there any more: NotFound
            raise Stale()
        return as_read(changed, self._encryption, health=readable)

    def remove(self, client_id: UUID, id: UUID, expected: int | None) -> None:
        """It no longer counts; the audit log keeps it. With a consent or without. Raises NotFound, Stale."""
        if not self._exclusions.remove(client_id, id, self._now(), None if expected == -1 else expected):
            self._find(client_id, id)
            raise Stale()

    def expected_adherence(self, client_id: UUID, day: date) -> int:
        """How much of the plan is expected that day, in per cent: of several exclusions the least. Raises NotFound for an unknown client."""
        if not self._exclusions.known(client_id):
            raise NotFound()
        least = self._exclusions.least(client_id, day)
        return EVERYTHING if least is None else least

    def _client(self, client_id: UUID, *, hold: bool) -> Row:
        found = self._records.find(client_id, hold=hold)
        if found is None:
            raise NotFound()
        return found

    def _find(self, client_id: UUID, id: UUID) -> Row:
        found = self._exclusions.get(client_id, id)
        if found is None:
            raise NotFound()
        return found

    def _told(self, client_id: UUID, found: Sequence[Row]) -> list[dict[str, Any]]:
        """As the actor may read them. Asked after they were read: a consent taken back before that is seen."""
        client = self._client(client_id, hold=False)
        readable = may_read(client)
        if readable and any(tells_health(row["kind"]) for row in found):
            # As of `/health`: an entry that named the exclusion would go on telling of it when the consent is gone.
            self._records.read(client["merged_into"] or client_id, client["id"])
        return [as_read(row, self._encryption, health=readable) for row in found]

    def _sealed(self, id: UUID, reason: str | None) -> str:
        # Also that there is none: the audit log would tell a reason that is withheld from one that was never given.
        return self._encryption.seal((reason or "").encode(), place_of(id))


def as_read(row: Mapping[str, Any], encryption: Encryption, *, health: bool) -> dict[str, Any]:
    """An exclusion, opened. health: whether what tells health is told."""
    if tells_health(row["kind"]) and not health:
        return withheld(row)
    sealed = row["reason"]
    reason = None if sealed is None else encryption.open(sealed, place_of(row["id"])).decode()
    return {**row, "reason": reason or None}


def place_of(id: UUID) -> Place:
    return Place(workspace(), TABLE, COLUMN, id)


def _check_readable(client: Row) -> None:
    if not client["permitted"]:
        raise Forbidden(f"This API key does not have the scope {SCOPE}.", code="scope_required", extra={"scope": SCOPE})
    consented(client)


def _check_days(given: Mapping[str, Any]) -> None:
    if given["ends_on"] is not None and given["ends_on"] < given["starts_on"]:
        raise Invalid(errors=[Fault("/ends_on", "May not be before it starts.")])
