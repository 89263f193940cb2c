"""Identifiers: UUID version 7, made by the application, increasing within a process (RFC 9562 §6.2, method 3)."""

from __future__ import annotations

import os
import struct
import threading
import time
import uuid

_lock = threading.Lock()
_last = 0
_spare: list[int] = []
os.register_at_fork(after_in_child=_spare.clear)  # two processes with the same bits might make the same id


def new_id() -> uuid.UUID:
    """A new id: 48 bits of Unix milliseconds, then a 12-bit sub-millisecond fraction, then 62 random bits.

    Strictly increasing within one process even when the clock stands still or jumps back, so `order by id` is creation order.
    """
    global _last
    nanoseconds = time.time_ns()
    # 60 bits of time: milliseconds, then the fraction of the millisecond in 1/4096.
    ticks = (nanoseconds // 1_000_000 << 12) | (nanoseconds % 1_000_000 * 4096 // 1_000_000)
    with _lock:
        _last = ticks = max(ticks, _last + 1)
        if not _spare:  # many at once: asking the kernel lets go of the interpreter lock, and getting it back costs more than the asking
            _spare.extend(struct.unpack("=256Q", os.urandom(2048)))
        random = _spare.pop() >> 2
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | random
    return uuid.UUID(int=value)
