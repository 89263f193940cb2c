"""What a client's timeline needs from storage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.clients.domain.timeline import Moment
from ports.persistence import Row


class History(Protocol):
    """Moments that no other row keeps."""

    def remember(self, client_id: UUID, moment: Moment, at: datetime, detail: str | None = None, reference: UUID | None = None) -> None:
        """Queue: this happened. reference: to what, if not to the client."""


class Past(Protocol):
    """What this plugin knows of a client's past."""

    def known(self, client_id: UUID) -> bool:
        """Whether there is such a client."""

    def entries(self, client_id: UUID, until: datetime | None, limit: int) -> Sequence[Row]:
        """The newest `limit` at or before `until`, newest first, of the same moment by kind and key, backwards: at, kind, key (text), detail
        and reference."""
