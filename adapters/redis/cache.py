"""Computed answers in Redis, for all processes of all machines (implements ports.cache.Cache)."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from typing import Final, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from kernel.context import NoContext, current

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 0.2
_REST_S: Final = 1.0
"""How long nobody asks a Redis that failed."""


class Near(Protocol):
    """What this process keeps itself."""

    def remember_as(self, whole: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes: ...


class RedisCache:
    """Asks this process first and Redis then; of several threads that miss, one goes there. Bytes in and out: nothing is unpickled."""

    def __init__(self, url: str, near: Near, *, prefix: str = "fitpro:cache:") -> None:
        self._redis = redis.Redis.from_url(
            url, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S, retry=Retry(NoBackoff(), 0), health_check_interval=0, protocol=2
        )
        self._near = near
        self._prefix = prefix
        self._again_at = 0.0

    def remember(self, key: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes:
        workspace = current().scope.workspace_id
        if workspace is None:
            raise NoContext("what is cached belongs to a workspace, and this operation has none")
        # Digested, so that a long list of revisions is no long key; the workspace stays legible.
        name = f"{self._prefix}{workspace}:{key.partition(':')[0]}:{hashlib.sha256(key.encode()).hexdigest()}"
        return self._near.remember_as(f"{workspace}:{key}", lambda: self._shared(name, make, ttl_s), ttl_s=ttl_s)

    def _shared(self, name: str, make: Callable[[], bytes], ttl_s: int) -> bytes:
        found = self._try(lambda: self._redis.get(name))
        if isinstance(found, bytes):
            return found
        made = make()
        self._try(lambda: self._redis.set(name, made, ex=ttl_s))
        return made

    def _try(self, ask: Callable[[], object]) -> object:
        """What Redis answers; None from one that is away, which is then left alone for a second."""
        if time.monotonic() < self._again_at:
            return None
        try:
            return ask()
        except (redis.RedisError, OSError, ValueError) as error:
            self._again_at = time.monotonic() + _REST_S
            log.warning("answers are cached without Redis", extra={"error": type(error).__name__})
            return None
