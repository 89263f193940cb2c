"""What feeds need from storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from kernel.intervals import Interval
from ports.persistence import Row


class Feeds(Protocol):
    """Feeds that are not revoked: somebody's own, and the one whose address somebody holds."""

    def page(self, user_id: UUID, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]: ...

    def hold_owner(self, user_id: UUID) -> None:
        """Of the actor: they neither go nor lose their session until the transaction ends. Raises what the gate raises, of what is true now,
        and Forbidden person_required for an API key."""

    def add(self, values: Mapping[str, object]) -> None:
        """Raises Conflict feed_exists when they have one of that mode."""

    def lock(self, id: UUID, user_id: UUID) -> Row | None: ...

    def reissue(self, id: UUID, digest: bytes, now: datetime) -> Row:
        """Another address; the earlier one opens nothing any more."""

    def revoke(self, id: UUID, now: datetime) -> None: ...

    def opened(self, workspace_id: UUID, digest: bytes) -> Row | None:
        """Go on as whoever holds the address: the feed, `role`, and of the workspace `name`, `locale` and whether it is `served`."""

    def used(self, id: UUID, now: datetime) -> None:
        """Note that it was read, once a day."""

    def entries(self, user_id: UUID, span: Interval, limit: int, *, as_client: bool) -> Sequence[Row]:
        """Their bookings by start: as organizer, or as the client they are, with `left` for those they left or that became another's."""
