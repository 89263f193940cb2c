"""All that bookings know of one client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from plugins.bookings.ports.personal import Personal as Stored
from plugins.bookings.service.actors import is_cliente, own_view


class Personal:
    """For exports of personal data."""

    def __init__(self, *, stored: Stored) -> None:
        self._stored = stored

    def held(self, client_id: UUID) -> dict[str, Sequence[Mapping[str, Any]]]:
        """By kind; for the client as they see it."""
        rows, own = self._stored.bookings(client_id), is_cliente()
        return {"bookings": [own_view(row) if own else row for row in rows], "queue": self._stored.queue(client_id)}
