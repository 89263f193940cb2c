"""Short transactions, for use cases that hash a password or talk to others meanwhile."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Transactions(Protocol):
    """For operations without an ambient transaction."""

    def transaction(self) -> AbstractContextManager[object]:
        """A short transaction: commits when the block ends, rolls back when it raises."""
        ...
