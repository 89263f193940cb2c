"""What the use cases need to know about fields that a workspace defined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from kernel.errors import Fault


class Definition(Protocol):
    """The custom fields of the current workspace. names: of those that can be set; properties: how each is defined, as JSON Schema."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]: ...

    def faults(self, value: Mapping[str, Any], at: str = "") -> list[Fault]:
        """What does not fit; at: the pointer to the value."""
