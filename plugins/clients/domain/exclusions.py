"""Rules about times in which less is expected of a client."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """Why."""

    INJURY = "injury"
    HOLIDAY = "holiday"
    SICK = "sick"
    OTHER = "other"


EVERYTHING: Final = 100
"""Per cent of the plan that is expected of somebody without an exclusion."""
_OF_HEALTH: Final = frozenset({Kind.INJURY, Kind.SICK})
_WITHHELD: Final[Mapping[str, Any]] = {"kind": Kind.OTHER.value, "reason": None}


def tells_health(kind: str) -> bool:
    """Whether an exclusion of this kind is health data, which is kept and read with the client's consent."""
    return kind in _OF_HEALTH


def withheld(exclusion: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of one that tells health for those who may not read that: when, and how much is expected. It looks like any other."""
    return {**exclusion, **_WITHHELD}


def looks_withheld(exclusion: Mapping[str, Any]) -> bool:
    return all(exclusion[name] == value for name, value in _WITHHELD.items())
