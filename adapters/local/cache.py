"""Answers kept in this process's memory, and made once where several threads want one (implements ports.cache.Shelf and Store)."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ports.cache import LARGEST, Kept, Shelf

_OVERHEAD: Final = 300
"""Bytes that an entry takes besides its name and value; this bounds their number too."""
_PATIENCE_S: Final = 2.0
"""How long a thread waits for another's answer. Both may hold locks in the database, where nobody sees that they wait for each other."""


class Memory:
    """The answers used last, of `max_bytes` together."""

    def __init__(self, max_bytes: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes = max_bytes
        self._now = now
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._size = 0
        self._mutex = threading.Lock()

    def get(self, name: str) -> Kept | None:
        with self._mutex:
            if (entry := self._kept.get(name)) is None:
                return None
            ends, value = entry
            if (left_s := ends - self._now()) <= 0:
                self._drop(name)
                return None
            self._kept.move_to_end(name)
            return Kept(value, left_s)

    def put(self, name: str, value: bytes, ttl_s: float) -> None:
        with self._mutex:
            if name in self._kept:
                self._drop(name)
            if (size := _size(name, value)) > self._max_bytes:
                return
            self._kept[name] = self._now() + ttl_s, value
            self._size += size
            while self._size > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, name: str) -> None:
        self._size -= _size(name, self._kept.pop(name)[1])


def _size(name: str, value: bytes) -> int:
    return len(name) + len(value) + _OVERHEAD


@dataclass(slots=True)
class _Making:
    """An answer on its way; None when it came to nothing."""

    done: threading.Event = field(default_factory=threading.Event)
    value: bytes | None = None


class Shelves:
    """Looks in this process first, then where all processes look, if there is such a place."""

    def __init__(self, near: Shelf, far: Shelf | None = None) -> None:
        self._near = near
        self._far = far
        self._makings: dict[str, _Making] = {}
        self._mutex = threading.Lock()

    def remember(self, name: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes:
        if (kept := self._near.get(name)) is not None:
            return kept.value
        mine = _Making()
        with self._mutex:
            making = self._makings.setdefault(name, mine)
        if making is not mine:
            making.done.wait(_PATIENCE_S)
            return self._made(name, make, ttl_s) if making.value is None else making.value
        try:
            found = self._found(name)
            making.value = self._made(name, make, ttl_s) if found is None else found
            return making.value
        finally:
            with self._mutex:
                del self._makings[name]
            making.done.set()

    def _found(self, name: str) -> bytes | None:
        if (kept := self._near.get(name)) is not None:  # since we looked
            return kept.value
        if self._far is None or (kept := self._far.get(name)) is None:
            return None
        self._near.put(name, kept.value, kept.left_s)
        return kept.value

    def _made(self, name: str, make: Callable[[], bytes], ttl_s: int) -> bytes:
        value = make()
        if len(value) <= LARGEST:
            self._near.put(name, value, ttl_s)
            if self._far is not None:
                self._far.put(name, value, ttl_s)
        return value
