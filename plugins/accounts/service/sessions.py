"""Signing in, staying signed in, signing out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.errors import Fault, Invalid, Refused, Unauthenticated
from kernel.ids import new_id
from plugins.accounts.domain import Person
from plugins.accounts.ports import People, Presented, Session, Sessions, Transactions
from ports.clock import Clock
from ports.identity import IssuedToken, Passwords, RefreshTokens, RefreshVerdict, TokenIssuer


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What somebody holds after signing in. expires_in: seconds the access token lives."""

    user: Person
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750's name, not a secret


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and the refresh token that keeps it alive."""

    session_id: UUID
    refresh_token: str = field(repr=False)
    authenticated_at: datetime


class _Store(Transactions, People, Sessions, Protocol):
    """People and their sessions."""


class SessionsService:
    """Sessions, however somebody proved who they are."""

    def __init__(self, *, store: _Store, passwords: Passwords, tokens: TokenIssuer, refresh_tokens: RefreshTokens, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._clock = clock

    def log_in(self, *, email: str, password: str) -> SignedIn:
        """Open a session. Outside a transaction. Raises Unauthenticated, the same for an unknown address."""
        with self._store.transaction():
            found = self._store.credential(email)
        if found is None or found.password_hash is None:
            self._passwords.burn(password)
            raise _wrong_credentials()
        if not self._passwords.verify(found.password_hash, password):
            raise _wrong_credentials()
        fresh = self._passwords.hash(password) if self._passwords.needs_rehash(found.password_hash) else None
        with self._store.transaction():
            # The password may have been reset while the hash was computed, because somebody else knew the old one.
            if not self._store.still(found.person.id, found.password_hash, fresh):
                raise _wrong_credentials()
            opened = self.open(found.person, self._clock.now())
        return self.signed_in(found.person, opened)

    def refresh(self, token: str) -> SignedIn:
        """Exchange a refresh token for its successor. Outside a transaction. Raises Unauthenticated.

        A used token that comes back after the grace time ends its session; that is committed before anything is raised.
        """
        digest = self._refresh_tokens.digest(token)
        successor = self._refresh_tokens.new()
        with self._store.transaction():
            found = self._store.presented(digest)
            verdict = self._refresh_tokens.judge(found.record if found else None)
            rotated = self._follow(verdict, found, digest, successor.digest)
        if rotated is None:
            raise _wrong_refresh_token()
        return self.signed_in(rotated.person, Opened(rotated.session_id, successor.token, rotated.authenticated_at))

    def reauthenticate(self, session_id: UUID, password: str) -> IssuedToken:
        """Prove once more who is in the session. Outside a transaction. Raises Invalid for another password.

        What the token says of it lasts 10 minutes for operations that are `recent`; the session's later tokens say the same.
        """
        with self._store.transaction():
            found = self._store.own_credential()
        if found is None or found.password_hash is None:
            raise Refused("This account has no password here: sign in again where it has one.", code="no_password")
        if not self._passwords.verify(found.password_hash, password):
            raise _wrong_password()
        now = self._clock.now()
        with self._store.transaction():
            if not self._store.still(found.person.id, found.password_hash):
                raise _wrong_password()
            self._store.prove(session_id, now)
        return self._tokens.issue(found.person.id, session_id, now)

    def log_out(self, session_id: UUID) -> None:
        """End the session: its refresh tokens at once, its access tokens with their next request. Idempotent."""
        self._store.revoke(session_id, self._clock.now())

    def open(self, person: Person, now: datetime) -> Opened:
        """Store a session for somebody who proved who they are. Inside a transaction; `signed_in` after it."""
        session = Session(new_id(), person.id, now, self._refresh_tokens.expires_at())
        first = self._refresh_tokens.new()
        self._store.open(session, first.digest)
        return Opened(session.id, first.token, now)

    def signed_in(self, person: Person, opened: Opened) -> SignedIn:
        """What they are handed."""
        issued = self._tokens.issue(person.id, opened.session_id, opened.authenticated_at)
        return SignedIn(person, issued.token, opened.refresh_token, issued.expires_in_s)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _follow(self, verdict: RefreshVerdict, found: Presented | None, used: bytes, successor: bytes) -> Presented | None:
        """Do what the verdict says; the token's row when it may be exchanged."""
        if found is None:
            return None
        now = self._clock.now()
        if verdict is RefreshVerdict.REVOKE_FAMILY:
            self._store.revoke(found.session_id, now)
        if verdict is not RefreshVerdict.ROTATE:
            return None
        expires_at = self._refresh_tokens.expires_at()
        self._store.rotate(found.session_id, used=used, successor=successor, now=now, expires_at=expires_at)
        return found


def _wrong_credentials() -> Unauthenticated:
    return Unauthenticated("The e-mail address or the password is wrong.", code="invalid_credentials")


def _wrong_password() -> Invalid:
    return Invalid(code="wrong_password", errors=[Fault("/password", "This is not your password.")])


def _wrong_refresh_token() -> Unauthenticated:
    return Unauthenticated("The refresh token does not hold; sign in again.", code="invalid_refresh_token")
