"""Custom fields of a client: what a change makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after a change: those it names are set, null takes one away, the rest stays."""
    return {name: value for name, value in {**stored, **changes}.items() if value is not None}


def to_check(after: Mapping[str, Any], changes: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """What of the fields has to fit the definition: all that it knows and what the change brings; a value that is left from a field
    that was defined once stands."""
    return {name: value for name, value in after.items() if name in names or changes.get(name) is not None}
