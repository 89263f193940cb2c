"""The HTTP client for services we did not write."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import urllib3

from kernel.context import outbound
from kernel.errors import Unavailable
from ports.outbound import OutboundReply

_CHUNK = 16 * 1024


class HttpOutbound:
    """`ports.outbound.Outbound` on urllib3.

    service: its name in messages to people. deadline_s: for connecting, waiting and reading together. concurrent: so many calls at once;
    the next one waits a quarter of a second and then gives up, so that a slow service never takes every thread.
    """

    def __init__(self, service: str, *, deadline_s: float = 5.0, max_bytes: int = 256 * 1024, concurrent: int = 8, patience_s: float = 0.25) -> None:
        self._service = service
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._turns = threading.BoundedSemaphore(concurrent)
        self._patience_s = patience_s
        self._pool = urllib3.PoolManager(num_pools=8, maxsize=concurrent, retries=False)

    def request(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> OutboundReply:
        """Send once; read at most `max_bytes` before the deadline."""
        outbound(self._service)
        if not self._turns.acquire(timeout=self._patience_s):
            raise self._away()
        try:
            return self._exchange(method, url, dict(headers or {}), body, time.monotonic() + self._deadline_s)
        # The cause names hosts and pieces of the request, so it is not kept.
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            raise self._away() from None
        finally:
            self._turns.release()

    def _exchange(self, method: str, url: str, headers: dict[str, str], body: bytes | None, deadline: float) -> OutboundReply:
        answer = self._pool.request(
            method,
            url,
            headers={"Accept": "application/json", "User-Agent": "fitpro-hub", **headers},
            body=body,
            redirect=False,
            preload_content=False,
            timeout=urllib3.Timeout(total=self._deadline_s, connect=min(2.0, self._deadline_s)),
        )
        whole = False
        try:
            parts: list[bytes] = []
            size = 0
            # read1 returns what has come: a server that sends a byte a second meets the deadline, not a timeout per byte.
            while part := answer.read1(_CHUNK):
                parts.append(part)
                size += len(part)
                if size > self._max_bytes or time.monotonic() > deadline:
                    raise ValueError("too much, or too slowly")
            whole = True
            return OutboundReply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, b"".join(parts))
        finally:
            if whole:
                answer.release_conn()
            else:
                answer.close()

    def _away(self) -> Unavailable:
        return Unavailable(f"The {self._service} does not answer at this moment; try again.", retry_after_s=2)
