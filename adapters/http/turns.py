"""Whose requests the threads of this process work on: no workspace keeps the others waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from adapters.http.places import Places, Visit
from kernel.errors import RateLimited

_CREDIT_S: Final = 0.5
_FORGOTTEN_S: Final = 1.0
"""Who keeps quiet for half a second is within its share again, whatever it did before."""
_NEAR_S: Final = 1.0
_KNOWN: Final = 16_384


class Turn:
    """What one workspace has running, and how far it is beyond its share of the threads' time, in seconds of that share."""

    __slots__ = ("ahead", "at", "running")

    def __init__(self, at: float) -> None:
        self.running = 0
        self.ahead = 0.0
        self.at = at


class Turns:
    """Admits requests to the threads of a process. Thread-safe.

    at_once: how many requests of one workspace may run at the same time. at_work: see `Places`; not given: every thread. Besides, a workspace
    that took more than its share of the threads' time of late does not get the last free thread while others ask for anything: the next request
    of theirs finds it.
    """

    def __init__(self, at_once: int, threads: int, share: float, *, at_work: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._places = Places(threads, at_work or threads, clock=clock)
        self._per_share = 1 / (threads * share)
        self._clock = clock
        self._lock = threading.Lock()
        self._of: dict[int, Turn] = {}
        self._latest = Turn(0.0)
        self._latest_at = self._other_at = -_NEAR_S

    def enter(self) -> Visit:
        """A request has a thread: wait for its place, see `Places`. To be left when it is over."""
        return self._places.enter()

    def take(self, workspace: int, visit: Visit) -> None:
        """Go on for a workspace. Raises RateLimited."""
        now = self._clock()
        with self._lock:
            turn = self._of.get(workspace)
            if turn is None:
                turn = self._known(workspace, now)
            if turn is not self._latest:
                self._latest, self._other_at = turn, self._latest_at
            self._latest_at = now
            if turn.running >= self._at_once or (self._places.full and turn.ahead - (now - turn.at) > _CREDIT_S and now - self._other_at < _NEAR_S):
                raise RateLimited("This workspace has many requests running already; try again.", code="workspace_busy", retry_after_s=1)
            turn.running += 1
        visit.turn = turn

    def leave(self, visit: Visit) -> None:
        """The request is over, however it ended."""
        turn = visit.turn
        self._places.leave(visit, goes_on=turn is not None)  # who was refused has no claim to be refused again before others are served
        if turn is None:
            return
        now = self._clock()
        with self._lock:
            turn.running -= 1
            ahead = turn.ahead - (now - turn.at)
            if ahead < 0.0:
                ahead = 0.0
            ahead += (now - visit.at) * self._per_share  # its wait too: that kept a thread busy
            turn.ahead = ahead if ahead < _FORGOTTEN_S else _FORGOTTEN_S
            turn.at = now

    def _known(self, workspace: int, now: float) -> Turn:
        if len(self._of) >= _KNOWN:
            oldest = next(iter(self._of))
            if not self._of[oldest].running:
                del self._of[oldest]
        turn = self._of[workspace] = Turn(now)
        return turn
