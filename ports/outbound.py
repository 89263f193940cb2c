"""Talking to other services over HTTP, so that none of them can hold us up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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


class Reason(StrEnum):
    """Why an address that somebody named gave nothing; stable, for whoever named it."""

    INVALID_URL = "invalid_url"
    UNKNOWN_HOST = "unknown_host"
    PRIVATE_ADDRESS = "private_address"
    INSECURE = "insecure"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    NO_ANSWER = "no_answer"


class Unreached(Exception):
    """Nothing came of it. detail: a sentence for whoever named the address; it never holds anything of an answer."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class PublicOutbound(Protocol):
    """Requests to addresses that somebody named, who is not trusted: https on the public internet and nowhere else.

    A name is resolved once; all its addresses must be public, and the one that is connected to is one of these. No redirects, no proxies, no
    cookies; a certificate that is valid for the name; bounded in time as a whole, and in size while it is read.
    """

    def check(self, url: str) -> None:
        """What can be said without asking anybody. Raises Unreached."""

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None, max_bytes: int = 65_536,
        deadline_s: float | None = None,
    ) -> OutboundReply:  # fmt: skip
        """Send once and read the whole answer, whatever its status but a redirect's. deadline_s: for all of it, when nobody waits; else short.
        Raises Unreached, and Unavailable while too many are under way; RuntimeError inside a transaction."""
        ...
