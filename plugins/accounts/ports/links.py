"""What accounts keep of one-use tokens that travel by mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Addressee, Door, Link


class Links(Protocol):
    """One-use tokens; only a digest of each is kept."""

    def hand_out(self, link: Link, digest: bytes) -> None: ...

    def bind(self, link_id: UUID) -> Addressee | None:
        """Whom an unused link is for, found by its address the first time; None when there is nobody."""
        ...

    def usable(self, digest: bytes, doors: Sequence[Door], now: datetime) -> bool:
        """Whether `use` would find it; it may still lose a race."""
        ...

    def use(self, digest: bytes, doors: Sequence[Door], now: datetime) -> Link | None:
        """Take the one use, the person's row locked until the transaction ends; None when it was taken, is too old, is for another door,
        the person's address is another by now, or the session it was asked for in was ended."""
        ...

    def void(self, user_id: UUID, now: datetime) -> None:
        """Nobody can use any link of this person any more, mailed or waiting to be."""
        ...

    def sent_link(self, link_id: UUID) -> tuple[Link, Addressee] | None:
        """A link that belongs to a person, used or not."""
        ...
