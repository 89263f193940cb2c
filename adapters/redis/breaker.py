"""A Redis that is asked briefly, and left alone while it fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

FAILURES: Final = (redis.RedisError, OSError, ValueError)
"""What asking Redis raises when it does not do as it should."""
_PROBE_S: Final = 1.0


def pool(url: str, patience_s: float) -> redis.ConnectionPool:
    """Connections that wait no longer than that for anything, and try nothing twice."""
    return redis.ConnectionPool.from_url(
        url, socket_connect_timeout=patience_s, socket_timeout=patience_s, retry=Retry(NoBackoff(), 0), health_check_interval=0, protocol=2
    )


class Breaker:
    """Open from a failure on, until a thread of ours finds Redis well again: no request waits for that.

    probe: does to Redis what is wanted of it (one that answers may still refuse to write); raises one of FAILURES. what: as the log says it.
    """

    def __init__(self, probe: Callable[[], None], *, what: str) -> None:
        self.open = False
        self._probe = probe
        self._what = what
        self._turn = threading.Lock()

    def trip(self, error: Exception) -> None:
        with self._turn:
            if self.open:
                return
            self.open = True
        log.warning("%s without Redis", self._what, extra={"error": type(error).__name__})
        threading.Thread(target=self._heal, name="fitpro-redis", daemon=True).start()

    def _heal(self) -> None:
        while True:
            time.sleep(_PROBE_S)
            try:
                self._probe()
            except FAILURES:
                continue
            break
        self.open = False
        log.info("%s in Redis again", self._what)
