"""What accounts keep of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plugins.accounts.domain import Addressee, Person, Standing


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
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose password this is. password_hash: None for a person without one (an outside issuer knows theirs)."""

    person: Person
    password_hash: str | None


class People(Protocol):
    """Users and their passwords. "The signed-in" is whoever the current context names."""

    def add(self, person: Person, password_hash: str, verified_at: datetime | None = None) -> None:
        """Store a new person. verified_at: when they showed that the address is theirs.

        Raises Conflict `email_taken` (at the commit at the latest)."""
        ...

    def credential(self, email: str) -> Credential | None: ...

    def hash_or(self, decoy: str, email: str) -> tuple[UUID, str]:
        """Who has this address, and their hash; the decoy where they have none, and nobody's id with it where there is nobody. Each takes as long."""
        ...

    def own_credential(self) -> Credential | None:
        """The signed-in person's."""
        ...

    def still(self, user_id: UUID, hashed: str, fresh: str | None = None) -> Person | None:
        """Whose hash this is to this moment, and until the transaction ends. fresh: another of the same password, to keep instead."""
        ...

    def set_password(self, user_id: UUID, password_hash: str, now: datetime) -> None:
        """Whether they had one or not."""
        ...

    def addressee(self, user_id: UUID) -> Addressee | None:
        """How to write to them."""
        ...

    def verified(self, user_id: UUID, email: str, now: datetime) -> bool:
        """They have shown that this address is theirs, for the first time when True; nothing happens when it no longer is."""
        ...

    def distrust(self, user_id: UUID, now: datetime) -> None:
        """Of what opens their workspaces without signing in, API keys and secret addresses, nothing does that was made before. After their
        sessions were ended: whoever makes one meanwhile is waited for, or finds the session over."""
        ...

    def move(self, user_id: UUID, old: str, new: str, now: datetime) -> bool:
        """Give them another address, and the copies of it where they are a member; False when theirs is not `old` any more.

        Raises Conflict `email_taken`."""
        ...

    def profile(self) -> Profile | None:
        """The signed-in person."""
        ...

    def hold(self) -> Person | None:
        """The signed-in person, held until the transaction ends."""
        ...

    def change(self, *, full_name: str | None, locale: str | None, now: datetime) -> None:
        """Change what is not None, on the signed-in person and the copies of their name where they are a member, and step the version."""
        ...
