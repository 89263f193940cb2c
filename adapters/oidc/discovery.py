"""What an OpenID provider says of itself."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oidc.discovery import get_well_known_url

from kernel.errors import DomainError, Unavailable
from ports.outbound import Outbound

_FRESH_S = 3_600.0
_APART_S = 30.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider does what. client_auth: how it wants to hear our secret."""

    authorization: str
    token: str
    jwks: str
    userinfo: str | None
    client_auth: str | None


class Discovery:
    """One provider's endpoints, read at first need and every hour; those in hand stay good while it does not answer. Thread-safe."""

    def __init__(self, issuer: str, http: Outbound, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._http = http
        self._now = monotonic
        self._known: Endpoints | None = None
        self._read_at = self._tried_at = float("-inf")
        self._reading = threading.Lock()

    def __call__(self) -> Endpoints:
        """Raises Unavailable while nothing is known."""
        known = self._known
        if known is not None and self._now() - self._read_at < _FRESH_S:
            return known
        with self._reading:
            if self._now() - self._read_at >= _FRESH_S and self._now() - self._tried_at >= _APART_S:
                self._tried_at = self._now()
                try:
                    self._known, self._read_at = self._read(), self._now()
                except (DomainError, ValueError):
                    if self._known is None:
                        self._tried_at = float("-inf")
            if self._known is None:
                raise Unavailable("The service you want to sign in with cannot be reached at this moment.", retry_after_s=5)
            return self._known

    def _read(self) -> Endpoints:
        reply = self._http.request("GET", get_well_known_url(self._issuer, external=True))
        if reply.status != 200:
            raise ValueError(f"status {reply.status}")
        told = json.loads(reply.body)
        # A document that speaks for another issuer would let that one's keys sign for this one.
        if not isinstance(told, dict) or told.get("issuer") != self._issuer:
            raise ValueError("another issuer's document")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        posts = isinstance(methods, list) and "client_secret_post" in methods and "client_secret_basic" not in methods
        return Endpoints(
            authorization=self._url(told, "authorization_endpoint"),
            token=self._url(told, "token_endpoint"),
            jwks=self._url(told, "jwks_uri"),
            userinfo=self._url(told, "userinfo_endpoint") if told.get("userinfo_endpoint") else None,
            client_auth="client_secret_post" if posts else None,
        )

    def _url(self, told: dict[str, Any], name: str) -> str:
        url = told.get(name)
        if not isinstance(url, str) or not secure(url, like=self._issuer):
            raise ValueError(f"{name} is not an https URL")
        return url


def secure(url: str, like: str = "") -> bool:
    """Whether secrets may travel there: https, or this machine when the issuer itself is on it."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    local = parts.hostname in _LOOPBACK and (not like or urlsplit(like).hostname in _LOOPBACK)
    return parts.scheme == "https" or (parts.scheme == "http" and local)
