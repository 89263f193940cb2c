"""Records that may be the same person."""

from __future__ import annotations

from typing import Any

from plugins.clients.domain.duplicates import match_of
from plugins.clients.ports.register import Duplicates as Stored


class Duplicates:
    """Looking for them."""

    def __init__(self, *, stored: Stored) -> None:
        self._stored = stored

    def groups(self, limit: int, after: tuple[Any, ...] | None) -> list[dict[str, Any]]:
        """Groups of clients with a key in common: key, matched, clients. One client may be in several."""
        return [{**row, "matched": match_of(row["key"]).value} for row in self._stored.groups(limit, after)]
