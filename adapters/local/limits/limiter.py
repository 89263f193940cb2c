"""The generic cell rate algorithm on the table: one moment per subject says everything (implements ports.limits.Limiter)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

from adapters.local.limits.table import Table
from ports.limits import Asked, Quota, Standing, standing


class LocalLimiter:
    """Counts what one machine serves. share: this process counts alone, as one of so many: each gets its part of every quota."""

    def __init__(self, table: Table, *, share: int = 1, now: Callable[[], float] = time.time) -> None:
        self._table = table
        self._share = share
        self._now = now
        self._salts: dict[str, int] = {}

    def take(self, asked: Sequence[Asked]) -> Sequence[Standing]:
        now, table = self._now(), self._table
        moments, salts = table.moments, self._salts
        seen = []
        allowed = True
        locked = table.acquire()
        try:
            for quota, subject in asked:
                mine = quota if self._share == 1 else self._part(quota)
                place = table.place(subject ^ (salts.get(quota.name) or self._salt(quota.name)))
                moment = moments[place]
                # Nobody can have used more than a whole window: what says so is left from before the clock was set back.
                used_s = moment - now if now < moment <= now + quota.window_s else 0.0
                step_s = mine.window_s / mine.count
                # A hair more than exact: the last one of a window must not be lost to rounding.
                if used_s + step_s > quota.window_s + step_s * 1e-3:
                    allowed = False
                seen.append((place, used_s, step_s, mine))
            if allowed:
                for place, used_s, step_s, _ in seen:
                    moments[place] = now + used_s + step_s
        finally:
            table.release(locked)
        return [standing(mine, used_s, counted=allowed) for _, used_s, _, mine in seen]

    def _part(self, quota: Quota) -> Quota:
        return Quota(quota.name, max(1, quota.count // self._share), quota.window_s)

    def _salt(self, name: str) -> int:
        """Keeps what one subject may do under several quotas apart."""
        salt = self._salts[name] = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
        return salt
