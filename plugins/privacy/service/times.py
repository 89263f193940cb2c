"""Times of entries, held to the order in which they were written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from plugins.privacy.domain import Entry, Seal

SLACK_US: Final = 10_000_000
"""How much older an entry may be than one that was written before it: what a process may be held up between taking a number and the time."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Times:
    """What a walk along the chain knows of time. earlier: of the last seals before it, how far each reached and the newest time in it.

    An entry numbered after what a seal looked at was written after everything in that seal; and so was every entry of a seal that was made
    after that one was settled, whatever number somebody gave it later.
    """

    def __init__(self, settled: int, through: int, earlier: Iterable[tuple[int, int]]) -> None:
        self._settled = settled
        self._through = through
        self._open = deque(earlier)
        self._newest_settled = 0

    def backdated(self, seal: Seal, entries: Sequence[Entry]) -> list[Entry]:
        """Entries of the next seal that are older than what had been written before them. entries: those that are as they were sealed."""
        while self._open and self._open[0][0] <= self._settled:
            self._newest_settled = max(self._newest_settled, self._open.popleft()[1])
        newest = max((at for _, at in self._open), default=0)
        settled, sealed = self._newest_settled - SLACK_US, max(self._newest_settled, newest) - SLACK_US
        found = [entry for entry in entries if (at := entry.at_us) < settled or (at < sealed and entry.seq > self._through)]
        if entries:
            # Somebody's entry from the future makes nobody else's look old.
            sealed_at = (seal.sealed_at - _EPOCH) // timedelta(microseconds=1)
            self._open.append((seal.through, min(sealed_at, max(entry.at_us for entry in entries))))
        self._settled, self._through = seal.settled, seal.through
        return found
