"""Signing in with an OpenID provider: leaving for it, and coming back.

Nothing is stored when somebody leaves: the state carries its own proof, bound to a secret of the browser, and the nonce and the PKCE verifier are
derived from both. It is used up when it comes back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from urllib.parse import quote

from kernel.errors import Fault, Invalid, NotFound, Unauthenticated
from plugins.accounts.domain import Person, Visit
from plugins.accounts.ports import Outsiders, Transactions
from plugins.accounts.service.outsiders import OutsidersService, again
from plugins.accounts.service.sessions import Opened, SessionsService, SignedIn
from ports.capabilities import Capabilities
from ports.clock import Clock
from ports.federation import Attempt, OpenIdProvider

ATTEMPT_LIFE = timedelta(minutes=10)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_STATE = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{0,700})\.([A-Za-z0-9_-]{43})", re.ASCII)
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,499}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the secret it keeps until it comes back."""

    url: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who came back, and where the frontend wanted them to go."""

    signed_in: SignedIn
    url: str


class _Store(Transactions, Outsiders, Protocol):
    """Outsiders, and what was used up."""


class OpenIdService:
    """One attempt at a time, from the same browser, once."""

    def __init__(
        self, *, store: _Store, providers: Iterable[OpenIdProvider], outsiders: OutsidersService, sessions: SessionsService,
        capabilities: Capabilities, clock: Clock, own_url: str, app_url: str,
    ) -> None:  # fmt: skip
        self._store = store
        self._providers = {provider.name: provider for provider in providers}
        self._outsiders = outsiders
        self._sessions = sessions
        self._capabilities = capabilities
        self._clock = clock
        self._own_url = own_url
        self._app_url = app_url

    def providers(self) -> list[OpenIdProvider]:
        """In the order they were configured."""
        return list(self._providers.values())

    def leave(self, name: str, *, browser: str | None, return_to: str) -> Departure:
        """Outside a transaction. browser: the secret it keeps already, so that two tabs do not disturb each other. Raises NotFound, Invalid."""
        provider = self._provider(name)
        if not _PATH.fullmatch(return_to):
            raise Invalid(errors=[_wrong_path()])
        kept = browser if browser is not None and _SECRET.fullmatch(browser) else secrets.token_urlsafe(32)
        ends = int((self._clock.now() + ATTEMPT_LIFE).timestamp())
        front = f"{ends}.{secrets.token_urlsafe(16)}.{_text(return_to)}"
        attempt = self._attempt(name, front, kept)
        return Departure(provider.authorization_url(attempt), kept)

    def frontend(self, state: str) -> str:
        """Where an attempt, good or not, wanted to return to: always a page of our own frontend."""
        read = _STATE.fullmatch(state)
        path = _path(read[3]) if read else ""
        return self._app_url + (path if _PATH.fullmatch(path) else "/")

    def come_back(
        self, name: str, *, browser: str | None, state: str, code: str | None, issuer: str | None = None, visit: Visit, locale: str = "en"
    ) -> Arrival:
        """Finish an attempt and sign in. Outside a transaction. code: None when the provider says that nothing came of it.

        issuer: who the answer claims to be from (RFC 9207). locale: what somebody new reads.
        Raises Unauthenticated, NotFound, and what meeting somebody raises.
        """
        provider = self._provider(name)
        attempt = self._resumed(name, browser, state)
        with self._store.transaction():
            if not self._store.use_up(hashlib.sha256(state.encode()).digest(), self._clock.now(), self._clock.now() + ATTEMPT_LIFE):
                raise _over()
        if code is None or (issuer is not None and issuer != provider.issuer):
            raise Unauthenticated("Nothing came of the sign-in; start again.", code="sign_in_failed")
        outsider = provider.outsider(attempt, code)

        def sign_in() -> tuple[Person, Opened]:
            with self._store.transaction():
                person = self._outsiders.meet(outsider, locale=locale)
                return person, self._sessions.open(person, self._clock.now(), visit.user_agent)

        return Arrival(self._sessions.signed_in(*again(sign_in), visit), self.frontend(state))

    # -- inside ------------------------------------------------------------------------------------------------------
    def _provider(self, name: str) -> OpenIdProvider:
        found = self._providers.get(name)
        if found is None:
            raise NotFound("There is no such way to sign in here.")
        return found

    def _attempt(self, name: str, front: str, browser: str) -> Attempt:
        parts = (name, front, browser)
        derived = {what: self._capabilities.token(f"openid {what}", *parts) for what in ("state", "nonce", "verifier")}
        redirect_uri = f"{self._own_url}/auth/oidc/{quote(name)}/callback"
        return Attempt(f"{front}.{derived['state']}", derived["nonce"], derived["verifier"], redirect_uri)

    def _resumed(self, name: str, browser: str | None, state: str) -> Attempt:
        read = _STATE.fullmatch(state)
        if read is None or browser is None or not _SECRET.fullmatch(browser):
            raise _over()
        attempt = self._attempt(name, state.rpartition(".")[0], browser)
        if not hmac.compare_digest(attempt.state.encode(), state.encode()) or int(read[1]) <= self._clock.now().timestamp():
            raise _over()
        return attempt


def _over() -> Unauthenticated:
    return Unauthenticated("This sign-in was not begun in this browser, took too long or is over; start again.", code="sign_in_over")


def _text(path: str) -> str:
    return urlsafe_b64encode(path.encode()).rstrip(b"=").decode()


def _path(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


def _wrong_path() -> Fault:
    return Fault("?return_to", "Must be a path of the frontend, such as /welcome.")
