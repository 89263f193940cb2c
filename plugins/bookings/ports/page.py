"""What the public booking page needs from storage: what strangers may see, and nothing about anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from ports.persistence import Row


class Page(Protocol):
    """Read by nobody in particular."""

    def opened(self, workspace_id: UUID) -> Row | None:
        """Go on in a workspace as a stranger: the stored `settings` of this module, None unless the workspace has it on."""

    def services(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """The public ones that are not archived, by name."""
