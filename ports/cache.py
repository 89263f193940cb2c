"""Answers that were computed once and need not be again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Cache(Protocol):
    """Keeps bytes for the workspace of the current request or job; another never finds them, whatever the key. It may forget at any time.

    What is kept never goes out of date, because its key says everything it was made from: revisions of the rows, the zone, the filters; and
    not the time of day. So nothing has to be told to forget, and every process, and Redis, may keep it.
    """

    def remember(self, key: str, make: Callable[[], bytes], *, ttl_s: int) -> bytes:
        """What is kept under the key, else what `make` returns, kept from now on for `ttl_s` seconds at most.

        key: begins with the plugin's id and a colon. Of several threads that miss at once one makes it; what `make` raises is raised to
        each. A store that is down costs at most a fifth of a second, once in a while, and never an answer.
        """
        ...
