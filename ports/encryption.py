"""Values that only this product can read, wherever a copy of the database ends up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value belongs; anywhere else it cannot be opened. id: the row's, which never changes."""

    workspace_id: UUID
    table: str
    column: str
    id: UUID | str


def secret_setting(workspace_id: UUID, module: str, name: str) -> Place:
    """Where a secret among the settings of a module belongs."""
    return Place(workspace_id, "workspace_modules", "secrets", f"{module}.{name}")


class Unreadable(Exception):
    """A sealed value was changed, moved from its place, or made with a key this process does not have. Says nothing of the value."""


class Encryption(Protocol):
    """Seals values with the current key and opens them with any known one. Thread-safe."""

    def seal(self, plain: bytes, place: Place) -> str:
        """ASCII text that names its key. Sealing twice gives different texts."""

    def open(self, sealed: str, place: Place) -> bytes:
        """What was sealed for this very place. Raises Unreadable."""

    @property
    def prefix(self) -> str:
        """How everything sealed with the current key begins; what begins otherwise is due to be sealed anew."""
