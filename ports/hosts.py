"""Which workspace a host name stands for, asked before anybody is known."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from ports.persistence import Row


class Hosts(Protocol):
    """Verified domains of all workspaces. host: a name in lower case, without a port."""

    def workspace(self, host: str) -> UUID | None:
        """The workspace that verified this domain."""

    def face(self, host: str) -> Row | None:
        """What strangers may know of that workspace: name, locale, branding."""
