"""A table of moments in mapped memory, which every process that maps the same file reads and writes."""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
import time
from pathlib import Path
from typing import Final

_SLOTS: Final = 1 << 16
_WAYS: Final = 8  # slots a subject may be in, side by side
_SIZE: Final = 2 * _SLOTS * 8  # a name and a moment each
_PATIENCE_S: Final = 0.25  # a holder that only waits for a processor comes back well within it
_RESIGNED_S: Final = 5.0  # who was waited for in vain is not waited for again so soon
_NAP_S: Final = 0.0002


class Table:
    """Subject → moment, for the 65,536 subjects that used most. path: None keeps it to this process.

    Read and write between `acquire` and `release`, or know what may happen without. Moments are of the machine's clock, so a file left from
    yesterday says nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file: int | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.ftruncate(self._file, _SIZE)
        words = memoryview(mmap.mmap(-1 if self._file is None else self._file, _SIZE))
        self.names = words[: _SIZE // 2].cast("Q")
        self.moments = words[_SIZE // 2 :].cast("d")
        self._threads = threading.Lock()
        self._resigned_until = 0.0

    def acquire(self) -> bool:
        """Keep everybody else out; whether other processes are out too. One that was stopped while it held the table is not waited for."""
        self._threads.acquire()
        if self._file is None:
            return False
        deadline = 0.0
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                now = time.monotonic()
                deadline = deadline or now + _PATIENCE_S
                if now < self._resigned_until:
                    return False
                if now >= deadline:
                    self._resigned_until = now + _RESIGNED_S
                    return False
                time.sleep(_NAP_S)

    def release(self, locked: bool) -> None:
        """locked: what `acquire` said."""
        if locked and self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def found(self, name: int) -> int:
        """Where a subject's moment is, -1 for a new one."""
        first = (name % _SLOTS) & ~(_WAYS - 1)
        names = self.names
        if names[first] == name:
            return first
        for place in range(first + 1, first + _WAYS):
            if names[place] == name:
                return place
        return -1

    def place(self, name: int) -> int:
        """Where a subject's moment is; a new one gets the slot of whoever used least."""
        if (place := self.found(name)) >= 0:
            return place
        first, names = (name % _SLOTS) & ~(_WAYS - 1), self.names
        least: int = min(range(first, first + _WAYS), key=self.moments.__getitem__)
        names[least] = name
        self.moments[least] = 0.0
        return least
