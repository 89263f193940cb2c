"""Health data: sealed, only with consent, and never read without a trace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Forbidden, NotFound, Stale
from kernel.ids import new_id
from plugins.clients import events
from plugins.clients.domain.health import EMPTY, packed, unpacked
from plugins.clients.ports.health import HealthRecords
from plugins.clients.service.actors import is_cliente, workspace
from ports.encryption import Encryption, Place
from ports.persistence import Row

TABLE: Final = "clients_health"
COLUMN: Final = "sealed"


class Health:
    """The health records of the current workspace's clients. now: the time, aware, in UTC."""

    def __init__(self, *, records: HealthRecords, encryption: Encryption, now: Callable[[], datetime]) -> None:
        self._records = records
        self._encryption = encryption
        self._now = now

    def read(self, client_id: UUID) -> dict[str, Any]:
        """What is known, version 0 when nothing is. Every call is recorded, whoever reads; the client sees by whom.

        Raises NotFound, and Forbidden consent_required to staff unless a consent is in force: the client may always read their own.
        """
        found = self._find(client_id, hold=False)
        if not is_cliente():
            _consented(found)
        self._records.read(client_id, found["id"])
        if found["id"] is None:
            return {"client_id": client_id, **EMPTY, "version": 0, "created_at": None, "updated_at": None}
        health = unpacked(self._encryption.open(found["sealed"], _place(found["id"])))
        return {"client_id": client_id, **health, **{name: found[name] for name in ("version", "created_at", "updated_at")}}

    def replace(self, client_id: UUID, given: Mapping[str, Any], expected: int | None) -> dict[str, Any]:
        """Write all of it. expected: the version the caller read (0: there was none), None or -1 for any.

        Raises NotFound, Stale, and Forbidden consent_required to everybody unless a consent is in force.
        """
        found = self._find(client_id, hold=True)
        _consented(found)
        version = found["version"] or 0
        if expected not in (None, -1, version):
            raise Stale()
        now, id = self._now(), found["id"] or new_id()
        sealed = self._encryption.seal(packed(given), _place(id))
        if found["id"] is None:
            self._records.add(client_id, id, sealed, now)
        elif not self._records.replace(id, sealed, version, now):
            raise Stale()
        events.clients_health_changed(client_id=client_id)
        return {"client_id": client_id, **given, "version": version + 1, "created_at": found["created_at"] or now, "updated_at": now}

    def _find(self, client_id: UUID, *, hold: bool) -> Row:
        found = self._records.find(client_id, hold=hold)
        if found is None:
            raise NotFound()
        return found


def _consented(found: Row) -> None:
    if found["given_by"] is None:
        raise Forbidden("The client has not consented to keeping health data, or has taken the consent back.", code="consent_required")


def _place(id: UUID) -> Place:
    return Place(workspace(), TABLE, COLUMN, id)
