"""Where a request comes from, for the few operations that ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from adapters.http.addresses import Addresses, block
from adapters.http.exchange import Environ, RequestHeaders
from adapters.http.operation import marks

F = TypeVar("F", bound=Callable[..., Any])
_LONGEST_AGENT = 256


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent the request. address: their own, proxies of ours left out; of IPv6 the network a household has.

    same_site: False when a browser sent it for a page of another site; what a cookie alone proves must then not be believed.
    """

    address: str
    user_agent: str
    same_site: bool
    headers: RequestHeaders = field(repr=False)


def visitor_of(environ: Environ, addresses: Addresses) -> Visitor:
    """Read it from WSGI."""
    agent = "".join(c for c in environ.get("HTTP_USER_AGENT", "") if " " <= c <= "~")[:_LONGEST_AGENT]
    return Visitor(block(addresses.of(environ)), agent, _same_site(environ), RequestHeaders(environ))


def _same_site(environ: Environ) -> bool:
    """Browsers tell by Sec-Fetch-Site, older ones by Origin; other clients send neither and have no cookies to be tricked with."""
    told = environ.get("HTTP_SEC_FETCH_SITE")
    if told is not None:
        return told in ("same-origin", "none")
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == environ.get("HTTP_HOST")
    except ValueError:
        return False


def with_visitor(*, asked: Mapping[str, str] | None = None, told: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """Pass the `Visitor` to the view after its other arguments. asked, told: headers of request and answer it documents, each with its meaning."""

    def mark(function: F) -> F:
        found = marks(function)
        found.arguments.append("visitor")
        found.asked, found.told = dict(asked or {}), dict(told or {})
        return function

    return mark
