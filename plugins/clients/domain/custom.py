"""Custom fields of a client: what a change makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def merged(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after a change: those it names are set, null takes one away, the rest stays."""
    return {name: value for name, value in {**stored, **changes}.items() if value is not None}


def kept(stored: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """The fields that say what they said: whoever sends back what was read did not say it anew, whatever the definition is by now."""
    return frozenset(name for name, value in after.items() if name in stored and _same(stored[name], value))


def _same(one: object, other: object) -> bool:
    """As JSON has it: 1 is not true."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
