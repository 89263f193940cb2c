"""What is stored about one client, all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from ports.persistence import Row


class Personal(Protocol):
    """Everything of one client that the actor may see, the oldest first."""

    def bookings(self, client_id: UUID) -> Sequence[Row]:
        """What they take part in, or left, with what they owe for it; never who else comes."""

    def queue(self, client_id: UUID) -> Sequence[Row]:
        """Places in queues."""
