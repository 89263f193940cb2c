"""Rules about times in which less is expected of a client."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """Why."""

    INJURY = "injury"
    HOLIDAY = "holiday"
    SICK = "sick"
    OTHER = "other"


EVERYTHING: Final = 100
"""Per cent of the plan that is expected of somebody without an exclusion."""
