"""What accounts need from storage."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Consent, Person, Purpose, Standing
from ports.identity import RefreshRecord
from ports.persistence import Document


@dataclass(frozen=True, slots=True)
class Membership:
    """A workspace of the signed-in person, and what they are there."""

    id: UUID
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The signed-in person, whole. consents: purpose → where it stands."""

    person: Person
    consents: dict[str, Standing]
    workspaces: tuple[Membership, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. It is also the family of its refresh tokens: once revoked, none of them holds."""

    id: UUID
    user_id: UUID
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose password this is. password_hash: None for a person without one (an outside issuer knows theirs)."""

    person: Person
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that somebody presents, its row locked until the transaction ends."""

    record: RefreshRecord
    session_id: UUID
    person: Person


class Transactions(Protocol):
    """For operations without an ambient transaction."""

    def transaction(self) -> AbstractContextManager[object]:
        """A short transaction: commits when the block ends, rolls back when it raises."""
        ...


class People(Protocol):
    """Users and their passwords. "The signed-in" is whoever the current context names."""

    def add(self, person: Person, password_hash: str) -> None:
        """Store a new person. Raises Conflict `email_taken` (at the commit at the latest)."""
        ...

    def credential(self, email: str) -> Credential | None: ...

    def rehash(self, user_id: UUID, *, old: str, new: str) -> None:
        """Replace a hash by one of the same password; nothing happens when the password changed meanwhile."""
        ...

    def profile(self) -> Profile | None:
        """The signed-in person."""
        ...

    def change(self, *, full_name: str | None, locale: str | None, expected: int | None, now: datetime) -> UUID | None:
        """Change what is not None, on the signed-in person and the copies of their name.

        expected: the version read; None or -1 for any. Returns their id, the row locked; None at another version.
        """
        ...


class Sessions(Protocol):
    """Sign-ins and their refresh tokens."""

    def open(self, session: Session, digest: bytes) -> None:
        """Store a session with its first refresh token, which ends when the session does."""
        ...

    def presented(self, digest: bytes) -> Presented | None:
        """Find a refresh token and lock it, so that of two who present it one waits."""
        ...

    def rotate(self, session_id: UUID, *, used: bytes, successor: bytes, now: datetime, expires_at: datetime) -> None:
        """Mark a token used and store its successor; the session goes on until then."""
        ...

    def revoke(self, session_id: UUID, now: datetime) -> None:
        """End a session and its whole family of tokens. Idempotent."""
        ...


class Consents(Protocol):
    """The append-only record of grants and withdrawals."""

    def record(self, consent: Consent) -> None: ...

    def standing(self, purpose: Purpose) -> Standing:
        """Where a consent of the signed-in person stands."""
        ...

    def history(self, limit: int, before: UUID | None) -> Sequence[Document]:
        """What the signed-in person said, newest first, older than the record `before`."""
        ...


class Store(Transactions, People, Sessions, Consents, Protocol):
    """Everything accounts keep."""
