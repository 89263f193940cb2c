"""What accounts keep of sessions and their refresh tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Person
from ports.identity import RefreshRecord
from ports.persistence import Document


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in. It is also the family of its refresh tokens: once revoked, none of them holds."""

    id: UUID
    user_id: UUID
    created_at: datetime
    expires_at: datetime
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that somebody presents, its row locked until the transaction ends."""

    record: RefreshRecord
    session_id: UUID
    person: Person
    authenticated_at: datetime


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

    def prove(self, session_id: UUID, now: datetime) -> None:
        """The person of a session has shown once more who they are."""
        ...

    def living(self, current: UUID | None, before: UUID | None, limit: int) -> Sequence[Document]:
        """The signed-in person's sessions that are not over, newest first, older than the session `before`; `current` is marked."""
        ...

    def end(self, session_id: UUID, now: datetime) -> bool:
        """End one of the signed-in person's sessions; False when they have no such."""
        ...

    def end_all(self, user_id: UUID, now: datetime, *, but: UUID | None = None) -> None:
        """End every session of a person, but one."""
        ...

    def sweep(self, now: datetime) -> int:
        """Delete a batch of what is over: sessions, tokens, counters. 0 when nothing is left."""
        ...

    def revoke(self, session_id: UUID, now: datetime) -> None:
        """End a session and its whole family of tokens. Idempotent."""
        ...
