"""The time, as something a test can hold still."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time. Leases use the database's clock instead, so that processes agree."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        ...
