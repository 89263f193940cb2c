"""Whose address a request came from, when proxies stand in front."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from adapters.http.exchange import Environ


class Addresses:
    """trusted: how many proxies in front are ours. Each adds the address it was called from at the end of X-Forwarded-For, so the caller's
    stands that many places from the end, and whatever is before it anybody may have written."""

    def __init__(self, trusted: int = 0) -> None:
        self._trusted = trusted

    def of(self, environ: Environ) -> str:
        """The caller's address in its canonical text; the last hop's when the header is shorter than our row of proxies."""
        near: str = environ.get("REMOTE_ADDR", "")
        if not self._trusted:
            return canonical(near) or near
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        named = canonical(hops[-self._trusted]) if len(hops) >= self._trusted else None
        return named or canonical(near) or near


@lru_cache(4096)
def canonical(text: str) -> str | None:
    """An address without port, brackets or zone; None for what is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


@lru_cache(4096)
def block(address: str) -> str:
    """What one caller can have many addresses of: an IPv6 network of 64 bits; IPv4 addresses stand alone."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    except ValueError:
        return address
