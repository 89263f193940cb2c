"""Signing in, staying signed in, signing out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.errors import Fault, Invalid, NotFound, Refused, Unauthenticated
from kernel.ids import new_id
from plugins.accounts.domain import Budget, Person, Visit
from plugins.accounts.ports import Attempts, People, Presented, Session, Sessions, Transactions
from plugins.accounts.service.guard import Guard
from ports.clock import Clock
from ports.identity import IssuedToken, Passwords, RefreshTokens, RefreshVerdict, TokenIssuer, TokenVerifier
from ports.persistence import Document


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What somebody holds after signing in. expires_in: seconds the access token lives."""

    user: Person
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750's name, not a secret
    device_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and the refresh token that keeps it alive."""

    session_id: UUID
    refresh_token: str = field(repr=False)
    authenticated_at: datetime


_NOWHERE = Visit()


class _Store(Transactions, People, Sessions, Attempts, Protocol):
    """People and their sessions."""


class SessionsService:
    """Sessions, however somebody proved who they are."""

    def __init__(
        self, *, store: _Store, guard: Guard, passwords: Passwords, tokens: TokenIssuer, verifier: TokenVerifier,
        refresh_tokens: RefreshTokens, clock: Clock,
    ) -> None:  # fmt: skip
        self._store = store
        self._guard = guard
        self._verifier = verifier
        self._passwords = passwords
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._clock = clock

    def log_in(self, *, email: str, password: str, visit: Visit = _NOWHERE) -> SignedIn:
        """Open a session. Outside a transaction. Raises Unauthenticated and RateLimited, both the same for an unknown address."""

        def read() -> tuple[tuple[UUID, str], tuple[Budget, ...]]:
            whose = self._store.hash_or(self._passwords.decoy(), email)
            return whose, self._guard.sign_in(email, visit, whose[0])

        # One way for the known and the unknown: nothing here is left out for either, so that the time tells nothing.
        with self._guard.paid(read) as ((user_id, hashed), budgets):
            if not self._passwords.verify(hashed, password):
                raise _wrong_credentials()
            fresh = self._passwords.hash(password) if self._passwords.needs_rehash(hashed) else None
        with self._store.transaction():
            # The password may have been reset while the hash was computed, because somebody else knew the old one.
            person = self._store.still(user_id, hashed, fresh)
            if person is None:
                raise _wrong_credentials()
            self._store.give_back(*budgets)
            opened = self.open(person, self._clock.now(), visit.user_agent)
        return self.signed_in(person, opened, visit)

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
        """Prove once more who is in the session. Outside a transaction. Raises Invalid for another password, RateLimited.

        What the token says of it lasts 10 minutes for operations that are `recent`; the session's later tokens say the same.
        """
        with self._guard.paid(lambda: (self._store.own_credential(), self._guard.proof(session_id))) as (found, budgets):
            if found is None or found.password_hash is None:
                raise Refused("This account has no password here: sign in again where it has one.", code="no_password")
            if not self._passwords.verify(found.password_hash, password):
                raise wrong_password()
        now = self._clock.now()
        with self._store.transaction():
            if self._store.still(found.person.id, found.password_hash) is None:
                raise wrong_password()
            self._store.give_back(*budgets)
            self._store.prove(session_id, now)
        return self._tokens.issue(found.person.id, session_id, now)

    def log_out(self, *, bearer: str | None, refresh_token: str | None) -> None:
        """End the sessions of these tokens: their refresh tokens at once, their access tokens with their next request. Outside a transaction.

        Idempotent. Raises Unauthenticated for an access token that does not hold; a refresh token that does not has no session to end.
        """
        ended = [self._verifier.verify(bearer).session_id] if bearer is not None else []
        with self._store.transaction():
            if refresh_token is not None and (found := self._store.presented(self._refresh_tokens.digest(refresh_token))):
                ended.append(found.session_id)
            for session_id in ended:
                self._store.revoke(session_id, self._clock.now())

    def living(self, current: UUID | None, before: UUID | None, limit: int) -> Sequence[Document]:
        """The signed-in person's sessions, newest first."""
        return self._store.living(current, before, limit)

    def end(self, session_id: UUID) -> None:
        """End one of the signed-in person's sessions. Raises NotFound for any other."""
        if not self._store.end(session_id, self._clock.now()):
            raise NotFound()

    def end_others(self, user_id: UUID, current: UUID | None) -> None:
        """End every session of the signed-in person but this one."""
        self._store.end_all(user_id, self._clock.now(), but=current)

    def sweep(self) -> int:
        """Delete a batch of what is over; 0 when nothing is left."""
        return self._store.sweep(self._clock.now())

    def open(self, person: Person, now: datetime, user_agent: str = "") -> Opened:
        """Store a session for somebody who proved who they are. Inside a transaction; `signed_in` after it."""
        session = Session(new_id(), person.id, now, self._refresh_tokens.expires_at(), user_agent)
        first = self._refresh_tokens.new()
        self._store.open(session, first.digest)
        return Opened(session.id, first.token, now)

    def signed_in(self, person: Person, opened: Opened, visit: Visit | None = None) -> SignedIn:
        """What they are handed. visit: given when their device is to be remembered."""
        issued = self._tokens.issue(person.id, opened.session_id, opened.authenticated_at)
        remembered = "" if visit is None else self._guard.devices.remember(person.id, self._guard.device(visit, person.id))
        return SignedIn(person, issued.token, opened.refresh_token, issued.expires_in_s, device_token=remembered)

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


def wrong_password() -> Invalid:
    return Invalid(code="wrong_password", errors=[Fault("/password", "This is not your password.")])


def _wrong_refresh_token() -> Unauthenticated:
    return Unauthenticated("The refresh token does not hold; sign in again.", code="invalid_refresh_token")
