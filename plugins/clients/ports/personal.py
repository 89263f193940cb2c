"""What is stored about one client, all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Row


class Personal(Protocol):
    """Everything of one client that the actor may see, the oldest first."""

    def records(self, client_id: UUID) -> Sequence[Row]:
        """The client, and records that were merged into theirs."""

    def kinds(self, client_ids: Sequence[UUID]) -> Mapping[str, Sequence[Row]]:
        """`consents`, `notes`, `history`, `imports` and `exclusions` (`reason` sealed)."""

    def health(self, client_ids: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        """Sealed records: `id`, `client_id`, `sealed`, `version`."""
