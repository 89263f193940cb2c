"""How accounts have letters sent."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Link


class Post(Protocol):
    """Queues a letter with the open transaction; what it says is asked for when it is sent."""

    def follow_link(self, link: Link) -> None:
        """The link, to whoever it is for."""
        ...

    def finish_signup(self, applicant_id: UUID) -> None:
        """The link that finishes an account, or to who has one with this address, that they do."""
        ...

    def password_changed(self, user_id: UUID) -> None: ...

    def address_changed(self, link_id: UUID) -> None:
        """One letter to the old address and one to the new."""
        ...
