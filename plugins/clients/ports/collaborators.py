"""What is stored about who looks after whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ports.persistence import Row


class Assignments(Protocol):
    """The collaborator of each client."""

    def leave(self, user_id: UUID) -> None:
        """Queue: nobody makes a client theirs until the transaction ends, nor changes one that is."""

    def of(self, user_id: UUID, limit: int) -> tuple[int, Sequence[Row]]:
        """How many clients are theirs, and id and title of the first."""

    def move(self, user_id: UUID, to: UUID, now: datetime) -> int:
        """Give all of them to another; how many."""

    def archived(self, ids: Sequence[UUID]) -> bool:
        """Whether one of them is; a first attempt is stopped by that instead (RuleBroken client_archived), and tried again carefully."""

    def is_client(self, client_id: UUID) -> bool:
        """Whether there is such a client, not archived."""
