"""The generic cell rate algorithm on the table: one moment per subject says everything (implements ports.limits.Limiter)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapters.local.limits.table import Table
from ports.limits import Asked, Quota, Standing, standing

_PLENTY: Final = 128


class _Kind(NamedTuple):
    """A quota made ready. told: as it was given; mine: this process' part; salt: keeps what one subject may do under several quotas apart."""

    told: Quota
    mine: Quota
    salt: int
    window_s: int
    step_s: float
    plenty_s: float


class LocalLimiter:
    """Counts what one machine serves. share: this process counts alone, as one of so many: each gets its part of every quota.

    Exact where it matters: whoever has used less than half of a quota and has more than 128 left is counted without keeping other threads and
    processes out, which costs more than all the rest; two who count in the same microsecond may then be one. The other half is counted one by one.
    """

    def __init__(self, table: Table, *, share: int = 1, now: Callable[[], float] = time.time) -> None:
        self._table = table
        self._share = share
        self._now = now
        self._kinds: dict[str, _Kind] = {}

    def take(self, asked: Sequence[Asked]) -> Sequence[Standing]:
        now, table, kinds = self._now(), self._table, self._kinds
        moments, names = table.moments, table.names
        seen = []
        for quota, subject in asked:
            kind = kinds.get(quota.name)
            if kind is None or kind.told is not quota:
                kind = self._kind(quota)
            name = subject ^ kind.salt
            place = table.found(name)
            if place < 0:
                return self._exactly(asked, now)
            used_s = moments[place] - now
            if used_s < 0.0:
                used_s = 0.0
            if used_s > kind.plenty_s:
                return self._exactly(asked, now)
            seen.append((place, name, used_s, kind))
        standings = []
        for place, name, used_s, kind in seen:
            if names[place] == name:  # nobody else got the slot meanwhile
                moments[place] = now + used_s + kind.step_s
            standings.append(standing(kind.mine, used_s, counted=True))
        return standings

    def _exactly(self, asked: Sequence[Asked], now: float) -> Sequence[Standing]:
        table = self._table
        moments = table.moments
        seen = []
        allowed = True
        locked = table.acquire()
        try:
            for quota, subject in asked:
                kind = self._kind(quota)
                place = table.place(subject ^ kind.salt)
                moment = moments[place]
                # Nobody can have used more than a whole window, but for rounding: what says so is left from before the clock was set back.
                used_s = moment - now if now < moment <= now + kind.window_s + kind.step_s else 0.0
                # A hair more than exact: the last one of a window must not be lost to rounding.
                if used_s + kind.step_s > kind.window_s + kind.step_s * 1e-3:
                    allowed = False
                seen.append((place, used_s, kind))
            if allowed:
                for place, used_s, kind in seen:
                    moments[place] = now + used_s + kind.step_s
        finally:
            table.release(locked)
        return [standing(kind.mine, used_s, counted=allowed) for _, used_s, kind in seen]

    def _kind(self, quota: Quota) -> _Kind:
        known = self._kinds.get(quota.name)
        if known is not None and known.told == quota:
            return known
        mine = quota if self._share == 1 else Quota(quota.name, max(1, quota.count // self._share), quota.window_s)
        salt = int.from_bytes(hashlib.blake2b(quota.name.encode(), digest_size=8).digest(), "big")
        step_s = mine.window_s / mine.count
        plenty_s = min(mine.window_s / 2, mine.window_s - _PLENTY * step_s)
        kind = self._kinds[quota.name] = _Kind(quota, mine, salt, mine.window_s, step_s, plenty_s)
        return kind
