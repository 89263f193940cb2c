"""What a view of the calendar needs to know of the workspace."""

from __future__ import annotations

from typing import Protocol

from ports.persistence import Row


class Calendar(Protocol):
    """The workspace's own calendar."""

    def calendar(self) -> Row:
        """`timezone`, `week_start` (an ISO weekday)."""
