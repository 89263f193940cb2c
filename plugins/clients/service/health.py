"""Health data: sealed, only with consent, and never read without a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.errors import Forbidden, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.clients import events
from plugins.clients.domain.health import EMPTY, impossible_dates, packed, unpacked
from plugins.clients.domain.timeline import Moment
from plugins.clients.ports.health import HealthRecords
from plugins.clients.ports.timeline import History
from plugins.clients.service.actors import is_cliente, workspace
from plugins.clients.service.standing import writable
from ports.encryption import Encryption, Place
from ports.persistence import Row

TABLE: Final = "clients_health"
COLUMN: Final = "sealed"
_AHEAD: Final = timedelta(hours=14)
"""How far a client's calendar may be ahead of UTC."""


class Health:
    """The health records of the current workspace's clients. now: the time, aware, in UTC."""

    def __init__(self, *, records: HealthRecords, history: History, encryption: Encryption, now: Callable[[], datetime]) -> None:
        self._history = history
        self._records = records
        self._encryption = encryption
        self._now = now

    def read(self, client_id: UUID) -> dict[str, Any]:
        """What is known, version 0 when nothing is. Every call is recorded, whoever reads; the client sees by whom. What was left with a
        record merged away is read like the survivor's: with their consent, and they see it.

        Raises NotFound, and Forbidden consent_required to staff unless a consent is in force: the client may always read their own.
        """
        found = self._find(client_id, hold=False)
        if not is_cliente():
            consented(found)
        self._records.read(found["merged_into"] or client_id, found["id"])
        if found["id"] is None:
            return {"client_id": client_id, **EMPTY, "version": 0, "created_at": None, "updated_at": None}
        health = unpacked(self._encryption.open(found["sealed"], place_of(found["id"])))
        return {"client_id": client_id, **health, **{name: found[name] for name in ("version", "created_at", "updated_at")}}

    def replace(self, client_id: UUID, given: Mapping[str, Any], expected: int | None) -> dict[str, Any]:
        """Write all of it. expected: the version the caller read (0: there was none), None or -1 for any.

        Raises Invalid for dates that cannot be, NotFound, Stale, Conflict already_merged, and Forbidden consent_required to everybody unless
        a consent is in force.
        """
        if faults := impossible_dates(given, today=(self._now() + _AHEAD).date()):
            raise Invalid(errors=faults)
        found = self._find(client_id, hold=True)
        writable(found)
        consented(found)
        version = found["version"] or 0
        if expected not in (None, -1, version):
            raise Stale()
        now, id = self._now(), found["id"] or new_id()
        sealed = self._encryption.seal(packed(given), place_of(id))
        if found["id"] is None:
            self._records.add(client_id, id, sealed, now)
        elif not self._records.replace(id, sealed, version, now):
            raise Stale()
        self._changed(client_id, now)
        return {"client_id": client_id, **given, "version": version + 1, "created_at": found["created_at"] or now, "updated_at": now}

    def combine(self, client_id: UUID, source: UUID, choice: str | None) -> bool:
        """When `source` becomes part of `client_id`, both held: the survivor has what was chosen (`into` or `from`), or what one of them has.
        What they do not have stays with the record merged away. False, and nothing is done, when both have something and nothing was chosen.
        """
        found, now = self._records.of([client_id, source]), self._now()
        kept, other = found.get(client_id), found.get(source)
        if kept is not None and other is not None and choice is None:
            return False
        if (choice or ("from" if kept is None else "into")) == "from" and (kept or other):
            if kept is not None and other is not None:
                # A value is bound to its row: each is opened where it was and sealed for where it goes.
                kept_says, other_says = (self._encryption.open(each["sealed"], place_of(each["id"])) for each in (kept, other))
                for row, says in ((kept, other_says), (other, kept_says)):
                    if not self._records.replace(row["id"], self._encryption.seal(says, place_of(row["id"])), row["version"], now):
                        raise Stale()
            elif kept is not None:
                self._records.move(kept["id"], source, now)
            elif other is not None:
                self._records.move(other["id"], client_id, now)
            self._changed(client_id, now)
        return True

    def _changed(self, client_id: UUID, now: datetime) -> None:
        self._history.remember(client_id, Moment.HEALTH, now)
        events.clients_health_changed(client_id=client_id)

    def _find(self, client_id: UUID, *, hold: bool) -> Row:
        found = self._records.find(client_id, hold=hold)
        if found is None:
            raise NotFound()
        return found


def consented(found: Row) -> None:
    """Raises Forbidden consent_required unless a consent of the client is in force."""
    if found["given_by"] is None:
        raise Forbidden("The client has not consented to keeping health data, or has taken the consent back.", code="consent_required")


def may_read(found: Row) -> bool:
    """Whether the actor may read what tells health about this client: the client themselves, and the staff by their consent; of API keys
    only one with the scope."""
    return found["permitted"] and (is_cliente() or found["given_by"] is not None)


def place_of(id: UUID) -> Place:
    return Place(workspace(), TABLE, COLUMN, id)
