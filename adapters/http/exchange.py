"""A request as the runner reads it and an answer as it leaves, straight from and to WSGI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from kernel.errors import Fault, Malformed, TooLarge

Environ = dict[str, Any]

# A dot, and letters in the last label.
_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*")

_ANEW = frozenset({"no-cache", "no-store"})
_READ = "fitpro.body_read"
_LEFT_AT_MOST = 65_536


@dataclass(slots=True)
class Answer:
    """Status, headers without those every answer carries, body."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RequestHeaders:
    """What the request's header section says."""

    environ: Environ

    def get(self, name: str) -> str | None:
        """A header's value, None without it."""
        value: str | None = self.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return value

    @property
    def host(self) -> str | None:
        """The name the request was sent to; see `host_of`."""
        return host_of(self.environ)

    def cookie(self, name: str) -> str | None:
        """A cookie's value as it was sent; None without it, or when it is there twice: somebody else may have set one of them."""
        found = [value for key, _, value in (part.strip().partition("=") for part in (self.get("Cookie") or "").split(";")) if key == name]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Headed:
    """What a view returns to send headers of its own along: a redirect's Location, a Set-Cookie."""

    value: Any
    headers: tuple[tuple[str, str], ...]


def with_headers(value: Any, *headers: tuple[str, str]) -> Headed:
    """The value as it would be answered alone, and these headers with it. Raises ValueError for one that would begin another."""
    for name, text in headers:
        if any(ord(character) < 32 for character in name + text):
            raise ValueError(f"the header {name} holds a control character")
    return Headed(value, headers)


def ready(text: bytes) -> Any:
    """JSON text that leaves as it is, wherever a value may stand: nothing of it is looked at."""
    return orjson.Fragment(text)


def redirect(url: str, *headers: tuple[str, str], status: int = 303) -> Answer:
    """Send the browser elsewhere. Raises ValueError like `with_headers`."""
    return Answer(status, [*with_headers(None, ("Location", url), *headers).headers, ("Cache-Control", "no-store")])


def read_body(environ: Environ, limit: int) -> bytes:
    """The whole body. Raises TooLarge above `limit` bytes, before reading when the length is announced."""
    announced = environ.get("CONTENT_LENGTH") or ""
    coding: str = environ.get("HTTP_TRANSFER_ENCODING") or ""
    if coding and (announced or coding.strip().lower() != "chunked"):
        # Whoever is in front of us may have framed it otherwise (request smuggling, RFC 9112 §11.2).
        raise Malformed("Frame the body by Content-Length or by Transfer-Encoding: chunked, not by both.", code="malformed_header")
    if announced:
        if not (announced.isascii() and announced.isdigit()):
            raise Malformed("Content-Length is not a number.", code="malformed_header")
        if int(announced) > limit:
            raise TooLarge(f"The body may have {limit} bytes at most.")
        if announced == "0":
            return b""
        size = int(announced)
        environ[_READ] = True
        body: bytes = environ["wsgi.input"].read(size)
        if len(body) < size:
            raise Malformed("The body ended before Content-Length.", code="truncated_body")
        return body
    if not coding:
        return b""
    body = environ["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body may have {limit} bytes at most.")
    return body


def leave_body(environ: Environ) -> None:
    """Take in what nobody read, up to 64 KiB: the server closes a connection with a body still on its way, and the next request on it, which the
    client may have sent already, would get no answer."""
    announced = environ.get("CONTENT_LENGTH")
    if announced and _READ not in environ and announced.isdecimal() and int(announced) <= _LEFT_AT_MOST and "HTTP_EXPECT" not in environ:
        environ["wsgi.input"].read(int(announced))


def workspace_of(environ: Environ, path: Mapping[str, Any]) -> UUID | None:
    """What the path (`workspace_id`) or X-Workspace-Id names, None without either. Raises Malformed when they differ."""
    named: UUID | None = path.get("workspace_id")
    header = workspace_header(environ)
    if named is not None and header is not None and header != named:
        raise Malformed("X-Workspace-Id names another workspace than the path.", code="workspace_mismatch")
    return named or header


def workspace_header(environ: Environ) -> UUID | None:
    """X-Workspace-Id, None without it. Raises Malformed when it is not a UUID."""
    text = environ.get("HTTP_X_WORKSPACE_ID")
    if text is None:
        return None
    try:
        return _uuid(text)
    except ValueError:
        raise Malformed("X-Workspace-Id is not a UUID.", code="malformed_header", errors=[Fault("X-Workspace-Id:", "Must be a UUID.")]) from None


@lru_cache(4096)
def _uuid(text: str) -> UUID:
    if len(text) != 36:
        raise ValueError
    return UUID(text)


def host_of(environ: Environ) -> str | None:
    """The name in Host, in lower case and without its port; None for an address, a bare machine name or nonsense: no domain anybody verified."""
    host: str = environ.get("HTTP_HOST") or ""
    name = host.partition(":")[0].removesuffix(".").lower()
    return name if len(name) <= 253 and _NAME.fullmatch(name) else None


def uncached(environ: Environ) -> bool:
    """Whether the request asks for an answer that is made anew: no-cache in Cache-Control, or no-store (RFC 9111 §5.2.1)."""
    told: str | None = environ.get("HTTP_CACHE_CONTROL")
    return told is not None and not _ANEW.isdisjoint(part.strip(" \t").lower() for part in told.split(","))


def key_header(environ: Environ) -> str | None:
    """Idempotency-Key: 1-255 visible ASCII characters, no comma: that is two of them, joined on the way. Raises Malformed otherwise."""
    key: str | None = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or "," in key or not all("!" <= c <= "~" for c in key):
        raise Malformed(
            "Idempotency-Key must be one of 1 to 255 visible ASCII characters without a comma.",
            code="malformed_header",
            errors=[Fault("Idempotency-Key:", "Must be one of 1 to 255 visible ASCII characters without a comma.")],
        )
    return key
