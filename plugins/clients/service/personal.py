"""All that is held about one client, opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from plugins.clients.domain.health import unpacked
from plugins.clients.domain.register import own_view
from plugins.clients.ports.health import HealthRecords
from plugins.clients.ports.personal import Personal as Stored
from plugins.clients.service.actors import is_cliente
from plugins.clients.service.exclusions import as_read
from plugins.clients.service.health import may_read
from plugins.clients.service.health import place_of as place_of_health
from ports.encryption import Encryption


class Personal:
    """For exports of personal data."""

    def __init__(self, *, stored: Stored, records: HealthRecords, encryption: Encryption) -> None:
        self._stored = stored
        self._records = records
        self._encryption = encryption

    def held(self, client_id: UUID) -> dict[str, Sequence[Mapping[str, Any]]]:
        """By kind, what was merged into their record too. Health data, exclusions that tell health among them, as the actor may read them elsewhere;
        whoever asks leaves the entry that it was read. Nothing of nobody the actor may see."""
        records = self._stored.records(client_id)
        if not records:
            return {}
        ids, own = [row["id"] for row in records], is_cliente()
        kinds = dict(self._stored.kinds(ids))
        # Asked after they were read: a consent taken back before that is seen.
        client = self._records.find(client_id, hold=False)
        told = client is not None and may_read(client)
        kinds["exclusions"] = [as_read(row, self._encryption, health=told) for row in kinds["exclusions"]]
        if own:  # which the staff alone reads elsewhere too
            kinds["history"] = ()
        health = self._stored.health(ids) if told else ()
        shown = [own_view(row) if own else row for row in records]
        return {
            "client": shown, **kinds,
            "health": [{"client_id": row["client_id"], "version": row["version"], **self._opened(row)} for row in health],
        }  # fmt: skip

    def _opened(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return unpacked(self._encryption.open(row["sealed"], place_of_health(row["id"])))
