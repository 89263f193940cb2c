"""What accounts count before they check a password or send a mail."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from plugins.accounts.domain import Budget


class Attempts(Protocol):
    """Counters that every process shares. There is no answer without them: where they cannot be asked, nothing is checked."""

    def attempt(self, *budgets: Budget, now: datetime) -> int | None:
        """Count one attempt against each, in this transaction. None when all allow it, else the seconds until they may."""
        ...

    def give_back(self, *budgets: Budget) -> None:
        """The attempt was a good one and does not count."""
        ...

    def settle(self, *budgets: Budget) -> None:
        """Start counting anew."""
        ...
