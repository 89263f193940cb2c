"""Computed answers in this process's memory (implements ports.cache.Cache)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kernel.context import NoContext, current

_OVERHEAD = 200
"""Bytes that an entry takes besides its key and value."""


def key_here(key: str) -> str:
    """The key as it is stored: led by the workspace that is being served. Raises NoContext without one."""
    workspace = current().scope.workspace_id
    if workspace is None:
        raise NoContext("what is cached belongs to a workspace, and this operation has none")
    return f"{workspace}:{key}"


class MemoryCache:
    """The entries used last, of `max_bytes` together. Our own, because dogpile.cache's memory backend knows no bounds."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._size = 0
        self._mutex = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    def remember(self, key: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes:
        return self.remember_as(key_here(key), make, ttl_s=ttl_s)

    def remember_as(self, whole: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes:
        """The same under a key that names its workspace already."""
        if (found := self._get(whole)) is not None:
            return found
        with self._turn(whole):
            if (found := self._get(whole)) is not None:  # made while we waited
                return found
            made = make()
            self._put(whole, made, ttl_s)
            return made

    def _get(self, whole: str) -> bytes | None:
        with self._mutex:
            entry = self._kept.get(whole)
            if entry is None:
                return None
            if entry[0] <= time.monotonic():
                self._drop(whole)
                return None
            self._kept.move_to_end(whole)
            return entry[1]

    def _put(self, whole: str, value: bytes, ttl_s: int) -> None:
        size = _size(whole, value)
        if size > self._max_bytes:
            return
        with self._mutex:
            if whole in self._kept:
                self._drop(whole)
            self._kept[whole] = time.monotonic() + ttl_s, value
            self._size += size
            while self._size > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, whole: str) -> None:
        self._size -= _size(whole, self._kept.pop(whole)[1])

    @contextmanager
    def _turn(self, whole: str) -> Iterator[None]:
        """One thread at a time for each key; the lock is there only while somebody wants it."""
        with self._mutex:
            turn = self._turns.setdefault(whole, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._mutex:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[whole]


@dataclass(slots=True)
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


def _size(whole: str, value: bytes) -> int:
    return len(whole) + len(value) + _OVERHEAD
