"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """`ports.clock.Clock` by the operating system."""

    __slots__ = ()

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        return datetime.now(UTC)
