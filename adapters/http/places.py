"""How many requests of a process are at work at the same time, and whose thread goes on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapters.http.turns import Turn

_QUICK_S: Final = 0.005
"""Nobody waits for a request that has been at work for longer."""
_SLICE_S: Final = 0.01
"""How long a thread goes from one request to the next while others wait."""
_AT_ONCE_S: Final = 0.001


@dataclass(slots=True, eq=False)
class Visit:
    """A request in a thread of its own.

    at: when it came. at_once: right after the one before in this thread. placed: whether it has a place. gate: what it waits at. turn: whose it
    is, once that is known.
    """

    at: float
    at_once: bool
    placed: bool = False
    gate: threading.Lock | None = None
    turn: Turn | None = None


class _Thread(threading.local):
    """left: when its last request was over. since: since when it has had its place."""

    left = float("-inf")
    since = 0.0


class Places:
    """Lets some of a process's threads work, and the others when those take long. Thread-safe.

    Two threads that work at the same time are slower than one: the interpreter runs one of them anyway, and the database does the same work in a
    tenth less time when half as many connections drive each other's data out of the caches. So a request waits for a place while those who have
    one are quick; whoever takes longer than a few milliseconds is gone past. And to change threads for each request would cost another tenth: a
    thread whose requests follow at once goes on for a slice of time before it hands its place to the one who waited longest.

    at_work: how many places there are. With as many as threads nobody waits, as is right where the database has processors of its own.
    """

    def __init__(self, threads: int, at_work: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._clock = clock
        self._lock = threading.Lock()
        self._thread = _Thread()
        self._inside = 0
        self._free = at_work
        self._kept: set[int] = set()  # by threads that are expected back at once; whoever finds them away takes the place
        self._waiting: deque[Visit] = deque()
        self._begun = -_QUICK_S  # when the latest request with a place came to it

    @property
    def full(self) -> bool:
        """Whether every thread has a request, be it at work or waiting."""
        return self._inside >= self._threads

    def enter(self) -> Visit:
        """A request has a thread: wait for a place as long as those who have one are quick. To be left when it is over."""
        now = self._clock()
        visit = Visit(now, now - self._thread.left < _AT_ONCE_S)
        with self._lock:
            self._inside += 1
            if (me := threading.get_ident()) in self._kept:
                self._kept.remove(me)
                visit.placed = True
                self._begun = now
                return visit
            if self._take(visit, now) or self._begun + _QUICK_S <= now:
                return visit
            patience_s = self._begun + _QUICK_S - now
            gate = visit.gate = threading.Lock()
            gate.acquire()
            self._waiting.append(visit)
        while not self._waited(visit, gate.acquire(timeout=patience_s)):
            patience_s = max(0.0, self._begun + _QUICK_S - self._clock())
        return visit

    def leave(self, visit: Visit, *, goes_on: bool) -> None:
        """The request is over. goes_on: whether its thread may serve the next before those who wait."""
        now = self._thread.left = self._clock()
        with self._lock:
            self._inside -= 1
            if not visit.placed:
                return
            if not self._waiting:
                self._free += 1
            elif goes_on and visit.at_once and now - self._thread.since < _SLICE_S:
                self._kept.add(threading.get_ident())
            else:
                following = self._waiting.popleft()
                following.placed = True
                self._begun = now
                assert following.gate is not None
                following.gate.release()

    def _take(self, visit: Visit, now: float) -> bool:
        """A place that nobody is at. Holds the lock."""
        if self._free:
            self._free -= 1
        elif self._kept:
            self._kept.pop()
        else:
            return False
        visit.placed = True
        self._thread.since = self._begun = now
        return True

    def _waited(self, visit: Visit, called: bool) -> bool:
        """Whether the wait is over: it was called, somebody who kept a place did not come back, or those at work are slow."""
        with self._lock:
            now = self._clock()
            if called or visit.placed:
                self._thread.since = now
                return True
            if not self._take(visit, now) and self._begun + _QUICK_S > now:
                return False
            self._waiting.remove(visit)
            return True
