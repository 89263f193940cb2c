"""Headers of every answer: security, cross-origin access, the request's id."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

Header = tuple[str, str]

API_CSP: Final = "default-src 'none'; frame-ancestors 'none'"
NO_STORE: Final[Header] = ("Cache-Control", "no-store")
# For answers with an ETag: kept by the client, asked about each time.
REVALIDATE: Final[Header] = ("Cache-Control", "private, no-cache")

_UNIVERSAL: Final[tuple[Header, ...]] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("X-Frame-Options", "DENY"),
)


def security_headers(csp: str = API_CSP) -> tuple[Header, ...]:
    """What an answer carries besides its Cache-Control. csp: only the docs page has one of its own."""
    return (("Content-Security-Policy", csp), *_UNIVERSAL)


SECURITY_HEADERS: Final = security_headers()

_AT_ONCE: Final = 64
_spare: list[str] = []
os.register_at_fork(after_in_child=_spare.clear)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


def shared(seconds: int) -> Header:
    """For what is the same for everybody."""
    return ("Cache-Control", f"public, max-age={seconds}")


def request_id(incoming: str | None) -> str:
    """The caller's X-Request-Id if it is 1 to 128 characters of `A-Za-z0-9._-`, else a random one."""
    if incoming is not None and _REQUEST_ID.fullmatch(incoming):
        return incoming
    try:
        return _spare.pop()
    except IndexError:
        pass
    # Many at once: asking the kernel lets go of the interpreter lock, and getting it back costs more than the asking.
    fresh = os.urandom(16 * _AT_ONCE).hex()
    _spare.extend(fresh[at : at + 32] for at in range(32, len(fresh), 32))
    return fresh[:32]


METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS: Final = (
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Device-Token, X-Request-Id, X-Workspace-Id"
)
EXPOSED_HEADERS: Final = (
    "Allow, Content-Disposition, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Device-Token, X-Request-Id"
)
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9a-f:]+\](?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Cors:
    """Which web pages may read our answers: an exact list of origins, never with credentials (tokens travel by hand).

    Raises ValueError on an entry that no browser would ever send as Origin (`*`, a path, capitals, a trailing slash).
    """

    origins: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"not an origin (scheme://host[:port]): {origin!r}")

    def headers(self, origin: str | None) -> tuple[Header, ...]:
        """For an ordinary answer. Empty when no origin is allowed at all."""
        if not self.origins:
            return ()
        if origin not in self.origins:
            return (("Vary", "Origin"),)
        return (
            ("Vary", "Origin"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", EXPOSED_HEADERS),
        )

    def preflight(self, origin: str | None) -> tuple[Header, ...]:
        """For the 204 to an OPTIONS with Access-Control-Request-Method; an unlisted origin is granted nothing."""
        vary = ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        if origin is None or origin not in self.origins:
            return (vary,)
        return (
            vary,
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Methods", METHODS),
            ("Access-Control-Allow-Headers", REQUEST_HEADERS),
            ("Access-Control-Max-Age", "600"),
        )
