"""What accounts keep of people whom an outside issuer knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Person
from plugins.accounts.ports.sessions import Session
from ports.federation import Outsider


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What is known of an outside session. holder: whose it is here, None at first sight; known: whom its subject means, likewise."""

    holder: UUID | None
    known: UUID | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Addressed:
    """Who has an address here, their row locked until the transaction ends. proved: whether they ever showed that it is theirs."""

    person: Person
    proved: bool


class Outsiders(Protocol):
    """People by issuer and subject, and their sessions."""

    def acquaintance(self, session_id: UUID, issuer: str, subject: str) -> Acquaintance: ...

    def identified(self, issuer: str, subject: str) -> Person | None:
        """Whom an outside subject means here."""
        ...

    def addressed(self, email: str) -> Addressed | None: ...

    def welcome(self, person: Person, verified_at: datetime | None) -> None:
        """Store a new person without a password. Raises Conflict `email_taken` (at the commit at the latest)."""
        ...

    def introduce(self, outsider: Outsider, user_id: UUID, now: datetime) -> None:
        """From now on this subject means this person. Raises Conflict `identity_known` when another request was first."""
        ...

    def evict(self, user_id: UUID, now: datetime) -> None:
        """Take away every way in that somebody made for themselves before the address was proved: password, links, subjects, sessions."""
        ...

    def host(self, session: Session, authenticated_at: datetime) -> None:
        """Store an outside session, unless it is there already."""
        ...

    def use_up(self, digest: bytes, now: datetime, until: datetime) -> bool:
        """Use up a one-use value; False when somebody has. Forgets those that ended."""
        ...
