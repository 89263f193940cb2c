"""Answers kept in Redis, for all processes of all machines (implements ports.cache.Shelf)."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import redis

from adapters.redis.breaker import FAILURES, Breaker, pool
from ports.cache import Kept

_PATIENCE_S: Final = 0.2
_SIGNED: Final = 16


class RedisShelf:
    """One round trip each way. Bytes in and out, nothing is unpickled; and only what is signed with `key` for that very name is believed:
    who can write to Redis cannot make up an answer, nor move one between workspaces."""

    def __init__(self, url: str, key: bytes, *, prefix: str = "fitpro:cache:") -> None:
        self._redis = redis.Redis(connection_pool=pool(url, _PATIENCE_S))
        self._key = key
        self._prefix = prefix
        self._breaker = Breaker(self._probe, what="answers are kept")

    def get(self, name: str) -> Kept | None:
        both = self._redis.pipeline(transaction=False)
        both.get(self._prefix + name)
        both.pttl(self._prefix + name)
        signed, left_ms = self._ask(lambda: both.execute(raise_on_error=False)) or (None, 0)
        if not isinstance(signed, bytes) or left_ms <= 0:  # an error says that something else is there, and is a miss
            return None
        signature, value = signed[:_SIGNED], signed[_SIGNED:]
        return Kept(value, left_ms / 1000) if hmac.compare_digest(signature, self._signature(name, value)) else None

    def put(self, name: str, value: bytes, ttl_s: float) -> None:
        self._ask(lambda: self._redis.set(self._prefix + name, self._signature(name, value) + value, px=int(ttl_s * 1000)))

    def _signature(self, name: str, value: bytes) -> bytes:
        return blake2b(name.encode() + b"\0" + value, key=self._key, digest_size=_SIGNED).digest()

    def _ask(self, ask: Callable[[], Any]) -> Any:
        """What Redis answers; None from one that is out of reach."""
        if self._breaker.open:
            return None
        began = time.monotonic()
        try:
            answer = ask()
        except FAILURES as error:
            self._breaker.trip(error)
            return None
        if time.monotonic() - began > _PATIENCE_S:  # each piece came in time, all together did not
            self._breaker.trip(TimeoutError())
        return answer

    def _probe(self) -> None:
        self._redis.set(self._prefix + "probe", b"", px=1000)
