"""Redis as the place where bells are kept."""

from __future__ import annotations

from typing import Any, Final

import redis

_CONNECT_S: Final = 1.0
_ANSWER_S: Final = 3.0  # longer than Huey's blocking read of one second


def storage(url: str) -> dict[str, Any]:
    """Keyword arguments for Huey's RedisStorage. A Redis that hangs is noticed after three seconds."""
    pool = redis.ConnectionPool.from_url(url, socket_connect_timeout=_CONNECT_S, socket_timeout=_ANSWER_S, health_check_interval=30)
    return {"connection_pool": pool}
