"""Talking to other services over HTTP, so that none of them can hold us up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutboundReply:
    """An answer, whatever its status. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Outbound(Protocol):
    """One request at a time to somebody else's service: bounded in time and size, without redirects, proxies or repetition."""

    def request(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> OutboundReply:
        """Send and read the whole answer. Raises `Unavailable` when there is none in time, or it is too large.

        RuntimeError inside a transaction, which must not wait for a stranger.
        """
        ...
