"""People and what they agreed to: values and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.errors import Fault, Invalid


class Purpose(StrEnum):
    """What somebody may agree to."""

    TERMS = "terms"
    PRIVACY = "privacy"
    MARKETING = "marketing"


REQUIRED = (Purpose.TERMS, Purpose.PRIVACY)
"""Without these there is no account; they end with it, so they cannot be withdrawn alone."""

DOCUMENTS: Mapping[Purpose, str] = {
    Purpose.TERMS: "2026-11-01",
    Purpose.PRIVACY: "2026-11-01",
    Purpose.MARKETING: "2026-11-01",
}
"""The edition of each text that is shown today. A consent names the one that was agreed to."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user, known in every workspace by the same id. email: in its compared form."""

    id: UUID
    email: str
    full_name: str
    locale: str
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """One grant or withdrawal, never changed afterwards."""

    id: UUID
    user_id: UUID
    purpose: Purpose
    document_version: str
    granted: bool
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a consent stands: the latest record of its purpose, or nothing."""

    granted: bool = False
    document_version: str | None = None
    recorded_at: datetime | None = None


def agreed(given: Mapping[str, bool]) -> tuple[Purpose, ...]:
    """The purposes granted when signing up. Raises Invalid unless every required one is."""
    missing = [purpose for purpose in REQUIRED if not given.get(purpose, False)]
    if missing:
        raise Invalid(errors=[Fault(f"/consents/{purpose}", "Must be accepted.") for purpose in missing])
    return tuple(purpose for purpose in Purpose if given.get(purpose, False))


def differs(standing: Standing, purpose: Purpose, granted: bool) -> bool:
    """Whether saying so now is news: the same answer to the same text is not recorded twice."""
    if not granted:
        return standing.granted
    return not standing.granted or standing.document_version != DOCUMENTS[purpose]


def outstanding(known: Mapping[str, Standing]) -> dict[Purpose, str]:
    """What somebody has yet to agree to, and the edition: people who came by an outside issuer, and everybody when a text changes."""
    return {purpose: DOCUMENTS[purpose] for purpose in REQUIRED if differs(known[purpose], purpose, True)}


def complete(known: Iterable[tuple[str, Standing]]) -> dict[str, Standing]:
    """One standing per purpose, whatever was recorded."""
    return {**{str(purpose): Standing() for purpose in Purpose}, **dict(known)}


@dataclass(frozen=True, slots=True)
class Visit:
    """Where somebody comes from. device: the token of a device that was remembered."""

    address: str = ""
    user_agent: str = ""
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Budget:
    """How often something may be tried in window_s. subject: whose counter; only a digest of it is kept."""

    kind: str
    subject: str
    count: int
    window_s: int


class Door(StrEnum):
    """What a link in a mail opens."""

    RESET = "reset"
    VERIFY = "verify"
    ADDRESS = "address"
    STOP = "stop"


LINK_LIFE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Link:
    """A one-use token, without the token. user_id: None until somebody of that address was found. previous_email: what email replaces.

    session_id: the session it was asked for in; what that opened ends with it.
    """

    id: UUID
    door: Door
    email: str
    user_id: UUID | None
    previous_email: str | None
    created_at: datetime
    expires_at: datetime
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who asked for an account and has yet to show that the address is theirs. agreed: purpose → the edition agreed to, at created_at."""

    id: UUID
    email: str
    full_name: str
    locale: str
    password_hash: str = field(repr=False)
    agreed: Mapping[str, str]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a mail speaks to."""

    email: str
    full_name: str
    locale: str
