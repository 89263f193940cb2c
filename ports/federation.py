"""Outside services that say who somebody is: one that keeps the passwords in our place, and those people may sign in with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from ports.identity import TokenVerifier


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody as an outside issuer knows them: `issuer` and `subject` together name them for ever, an address does not.

    email_verified: the issuer made sure that the address is theirs. Nothing that people may write about themselves is in here.
    """

    issuer: str
    subject: str
    email: str | None
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """A sign-in at the outside issuer."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int
    outsider: Outsider


class IdentityProvider(Protocol):
    """Keeps passwords and issues tokens in our place. Every method calls it, so never inside a transaction.

    All raise `Unavailable` when it does not answer and `RateLimited` when it has heard enough.
    """

    @property
    def issuer(self) -> str:
        """What its tokens call it."""
        ...

    def sign_up(self, email: str, password: str) -> Grant | Outsider | None:
        """A new account there, signed in; the person alone when they must confirm the address first; None when that is all it says.

        Raises Conflict `email_taken`, Invalid, Forbidden.
        """
        ...

    def log_in(self, email: str, password: str) -> Grant:
        """Raises Unauthenticated `invalid_credentials`, Forbidden `email_not_verified` or `account_blocked`."""
        ...

    def refresh(self, token: str) -> Grant:
        """Raises Unauthenticated `invalid_refresh_token`."""
        ...

    def log_out(self, access_token: str) -> None:
        """End the token's session there. Nothing happens when it is over already."""
        ...

    def send_reset(self, email: str) -> None:
        """Have it mail a way to set a new password; it does not say whether the address is known."""
        ...

    def outsider(self, access_token: str) -> Outsider:
        """Whose token this is, verified before. Raises Unauthenticated `invalid_token` when the session is over there."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in with an OpenID provider, between leaving for it and coming back. Kept secret, but for `state`."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


class OpenIdProvider(Protocol):
    """A service people may sign in with. Calls it, so never inside a transaction."""

    @property
    def name(self) -> str:
        """In our URLs."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def issuer(self) -> str:
        """What its tokens call it."""
        ...

    def authorization_url(self, attempt: Attempt) -> str:
        """Where to send the browser. Raises Unavailable."""
        ...

    def outsider(self, attempt: Attempt, code: str) -> Outsider:
        """Exchange the code and verify what comes back. Raises Unauthenticated `sign_in_failed`, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Federation:
    """Every outside issuer of this installation. tokens: verifies each one's access tokens, in its own ids; good_for: how long their keys hold."""

    provider: IdentityProvider | None
    openid: tuple[OpenIdProvider, ...]
    tokens: TokenVerifier
    good_for: Callable[[], timedelta] | None = None
