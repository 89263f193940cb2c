"""Whether a record can still be written: one that became part of another is history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kernel.errors import Conflict, NotFound


def writable(found: Mapping[str, Any] | None) -> None:
    """Raises NotFound when there is no such client, Conflict already_merged when their record became part of another."""
    if found is None:
        raise NotFound()
    if found["merged_into"] is not None:
        raise Conflict("This record became part of another.", code="already_merged", extra={"merged_into": str(found["merged_into"])})
