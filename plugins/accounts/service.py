"""Signing up, in and out, staying signed in, and a person's own record.

Signing up and in hash a password, which takes 50 ms and may wait for its turn: never inside a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kernel.errors import NotFound, Stale, Unauthenticated
from kernel.ids import new_id
from plugins.accounts.domain import DOCUMENTS, Consent, Person, Purpose, agreed, differs
from plugins.accounts.ports import Presented, Profile, Session, Store
from ports.clock import Clock
from ports.identity import Passwords, RefreshTokens, RefreshVerdict, TokenIssuer
from ports.persistence import Document


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What somebody holds after signing in. expires_in: seconds the access token lives."""

    user: Person
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750's name, not a secret


class Accounts:
    """One method per use case."""

    def __init__(self, *, store: Store, passwords: Passwords, tokens: TokenIssuer, refresh_tokens: RefreshTokens, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._clock = clock

    def sign_up(self, *, email: str, password: str, full_name: str, consents: Mapping[str, bool]) -> SignedIn:
        """Create an account and its first session. Outside a transaction. Raises Conflict `email_taken`, Invalid."""
        purposes = agreed(consents)
        hashed = self._passwords.hash(password)
        now = self._clock.now()
        person = Person(new_id(), email, full_name, "en", 1, now, now)
        with self._store.transaction():
            self._store.add(person, hashed)
            for purpose in purposes:
                self._record(person.id, purpose, True, now)
            session_id, refresh_token = self._open(person, now)
        return self._signed_in(person, session_id, refresh_token)

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
            if fresh is not None:
                self._store.rehash(found.person.id, old=found.password_hash, new=fresh)
            session_id, refresh_token = self._open(found.person, self._clock.now())
        return self._signed_in(found.person, session_id, refresh_token)

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
        return self._signed_in(rotated.person, rotated.session_id, successor.token)

    def log_out(self, session_id: UUID) -> None:
        """End the session: its refresh tokens at once, its access tokens with their next request. Idempotent."""
        self._store.revoke(session_id, self._clock.now())

    def profile(self) -> Profile:
        """The signed-in person. Raises NotFound for one that was erased."""
        found = self._store.profile()
        if found is None:
            raise NotFound()
        return found

    def change(
        self,
        *,
        full_name: str | None = None,
        locale: str | None = None,
        marketing: bool | None = None,
        expected: int | None = None,
    ) -> Profile:
        """Change what is given. expected: the version it was read at; None or -1 for any. Raises Stale."""
        now = self._clock.now()
        user_id = self._store.change(full_name=full_name, locale=locale, expected=expected, now=now)
        if user_id is None:
            raise Stale()
        # The person's row is locked now, so two answers about the same consent come one after another.
        if marketing is not None and differs(self._store.standing(Purpose.MARKETING), Purpose.MARKETING, marketing):
            self._record(user_id, Purpose.MARKETING, marketing, now)
        return self.profile()

    def consents(self, limit: int, before: UUID | None) -> Sequence[Document]:
        """Every grant and withdrawal of the signed-in person, newest first."""
        return self._store.history(limit, before)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _open(self, person: Person, now: datetime) -> tuple[UUID, str]:
        session = Session(new_id(), person.id, now, self._refresh_tokens.expires_at())
        first = self._refresh_tokens.new()
        self._store.open(session, first.digest)
        return session.id, first.token

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

    def _signed_in(self, person: Person, session_id: UUID, refresh_token: str) -> SignedIn:
        issued = self._tokens.issue(person.id, session_id)
        return SignedIn(person, issued.token, refresh_token, issued.expires_in_s)

    def _record(self, user_id: UUID, purpose: Purpose, granted: bool, now: datetime) -> None:
        self._store.record(Consent(new_id(), user_id, purpose, DOCUMENTS[purpose], granted, now))


def _wrong_credentials() -> Unauthenticated:
    return Unauthenticated("The e-mail address or the password is wrong.", code="invalid_credentials")


def _wrong_refresh_token() -> Unauthenticated:
    return Unauthenticated("The refresh token does not hold; sign in again.", code="invalid_refresh_token")
