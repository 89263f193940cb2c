"""Counting in Redis, for all processes of all machines together (implements ports.limits.Limiter)."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from typing import Any, Final

import redis

from adapters.redis.breaker import FAILURES, Breaker, pool
from ports.limits import Asked, Limiter, Standing, standing

_PATIENCE_S: Final = 0.2
# The generic cell rate algorithm: a key holds the moment at which nothing is used up any more. All are counted, or none.
# ARGV: for each key how many, and in how many seconds. Answers whether they were counted, then the microseconds each had used before.
_SCRIPT: Final = b"""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local answer, counted = {1}, true
for i, key in ipairs(KEYS) do
  local window = ARGV[2 * i] * 1000000
  local step = window / ARGV[2 * i - 1]
  local used = (tonumber(redis.call('GET', key)) or now) - now
  if used < 0 or used > window then used = 0 end
  if used + step > window + step / 1000 then counted = false end
  answer[i + 1] = math.floor(used)
end
if not counted then answer[1] = 0 return answer end
for i, key in ipairs(KEYS) do
  local window = ARGV[2 * i] * 1000000
  redis.call('SET', key, string.format('%.0f', now + answer[i + 1] + window / ARGV[2 * i - 1]), 'PX', ARGV[2 * i] * 1000 + 1000)
end
return answer
"""
_SHA: Final = hashlib.sha1(_SCRIPT, usedforsecurity=False).hexdigest().encode()


class RedisLimiter:
    """One round trip per request. When Redis fails or takes longer than 0.2 s, `meanwhile` counts, until a thread of ours finds it well
    again: no request waits for that."""

    def __init__(self, url: str, meanwhile: Limiter, *, prefix: str = "fitpro:limit:") -> None:
        self._pool = pool(url, _PATIENCE_S)
        self._meanwhile = meanwhile
        self._prefix = prefix.encode()
        self._mine = threading.local()
        self._breaker = Breaker(self._probe, what="limits are counted")

    def take(self, asked: Sequence[Asked]) -> Sequence[Standing]:
        if self._breaker.open:
            return self._meanwhile.take(asked)
        try:
            return self._count(asked)
        except FAILURES as error:
            self._breaker.trip(error)
            return self._meanwhile.take(asked)

    def _count(self, asked: Sequence[Asked]) -> list[Standing]:
        keys = [b"%s%s:%x" % (self._prefix, quota.name.encode(), subject) for quota, subject in asked]
        numbers = [b"%d" % number for quota, _ in asked for number in (quota.count, quota.window_s)]
        rest = [b"%d" % len(keys), *keys, *numbers]
        try:
            counted, *used = self._ask([b"EVALSHA", _SHA, *rest])
        except redis.exceptions.NoScriptError:  # the first time, or Redis was emptied
            counted, *used = self._ask([b"EVAL", _SCRIPT, *rest])
        return [standing(quota, us / 1e6, counted=bool(counted)) for (quota, _), us in zip(asked, used, strict=True)]

    def _ask(self, words: list[bytes]) -> list[int]:
        connection: Any = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._pool.make_connection()
        message = b"*%d\r\n%s" % (len(words), b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        try:
            connection.send_packed_command([message], check_health=False)
            answer: list[int] = connection.read_response()
        except redis.exceptions.ResponseError:
            raise  # the connection is in step
        except BaseException:
            connection.disconnect()  # an answer may still be on its way
            raise
        return answer

    def _probe(self) -> None:
        """Count something."""
        self._ask([b"EVAL", _SCRIPT, b"1", self._prefix + b"probe", b"1000000", b"1"])
        self._mine.connection.disconnect()
