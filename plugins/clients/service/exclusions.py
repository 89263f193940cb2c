"""Exclusions: injuries, holidays, illness, and how much of the plan is expected meanwhile. The reason is sealed like health data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from plugins.clients.domain.exclusions import EVERYTHING
from plugins.clients.ports.exclusions import Exclusions as Stored
from plugins.clients.service.actors import workspace
from plugins.clients.service.standing import writable
from ports.encryption import Encryption, Place
from ports.persistence import Row

TABLE: Final = "clients_exclusion"
COLUMN: Final = "reason"


class Exclusions:
    """The exclusions of the current workspace's clients. now: the time, aware, in UTC."""

    def __init__(self, *, exclusions: Stored, encryption: Encryption, now: Callable[[], datetime]) -> None:
        self._exclusions = exclusions
        self._encryption = encryption
        self._now = now

    def page(self, client_id: UUID, on: date | None, limit: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """The latest first. on: only those that cover this day. Raises NotFound for an unknown client."""
        found = self._exclusions.page(client_id, on, limit, after)
        if not found and not self._exclusions.known(client_id):
            raise NotFound()
        return [self._opened(row) for row in found]

    def read(self, client_id: UUID, id: UUID) -> dict[str, Any]:
        """One of them. Raises NotFound."""
        found = self._exclusions.get(client_id, id)
        if found is None:
            raise NotFound()
        return self._opened(found)

    def add(self, client_id: UUID, given: Mapping[str, Any]) -> dict[str, Any]:
        """Raises NotFound for an unknown client, Conflict already_merged, Invalid for an end before the beginning."""
        _check_days(given)
        writable(self._exclusions.known(client_id))
        now = self._now()
        made = {"id": new_id(), "client_id": client_id, **given, "version": 1, "created_at": now, "updated_at": now}
        self._exclusions.add({**made, "reason": self._sealed(made["id"], given["reason"]), "removed_at": None})
        return made

    def replace(self, client_id: UUID, id: UUID, given: Mapping[str, Any], expected: int | None) -> dict[str, Any]:
        """Set all of it. expected: None or -1 for any version. Raises NotFound, Stale, Invalid as `add`."""
        _check_days(given)
        values = {**given, "reason": self._sealed(id, given["reason"]), "updated_at": self._now()}
        changed = self._exclusions.replace(client_id, id, values, None if expected == -1 else expected)
        if changed is None:
            self.read(client_id, id)  # not there: NotFound
            raise Stale()
        return self._opened(changed)

    def remove(self, client_id: UUID, id: UUID, expected: int | None) -> None:
        """It no longer counts; the audit log keeps it. Raises NotFound, Stale."""
        if not self._exclusions.remove(client_id, id, self._now(), None if expected == -1 else expected):
            self.read(client_id, id)
            raise Stale()

    def expected_adherence(self, client_id: UUID, day: date) -> int:
        """How much of the plan is expected that day, in per cent: of several exclusions the least. Raises NotFound for an unknown client."""
        if not self._exclusions.known(client_id):
            raise NotFound()
        least = self._exclusions.least(client_id, day)
        return EVERYTHING if least is None else least

    def _sealed(self, id: UUID, reason: str | None) -> str | None:
        return None if reason is None else self._encryption.seal(reason.encode(), place_of(id))

    def _opened(self, row: Row) -> dict[str, Any]:
        reason = row["reason"]
        return {**row, "reason": None if reason is None else self._encryption.open(reason, place_of(row["id"])).decode()}


def place_of(id: UUID) -> Place:
    return Place(workspace(), TABLE, COLUMN, id)


def _check_days(given: Mapping[str, Any]) -> None:
    if given["ends_on"] is not None and given["ends_on"] < given["starts_on"]:
        raise Invalid(errors=[Fault("/ends_on", "May not be before it starts.")])
