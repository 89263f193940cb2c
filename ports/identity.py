"""Who is calling and how they prove it: access tokens, refresh tokens and passwords, whoever issues them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """A person in one session, as a verified token says. Whether the session still lives is the database's answer.

    user_id, session_id: ours once they reach the platform; an outside issuer's own until somebody has looked up whom they mean here.
    expires_at: epoch seconds. issuer: the token's `iss`. authenticated_at: when the person last proved who they are in this session (refreshing
    proves nothing), in epoch seconds; 0 when the token does not say.
    workspace_id: of an API key, which acts nowhere else, as user_id, and may do what its scopes say (`clients:read`); its session_id is the key's own
    id.
    """

    user_id: UUID
    session_id: UUID
    expires_at: int
    scopes: tuple[str, ...] = ()
    issuer: str = ""
    authenticated_at: int = 0
    workspace_id: UUID | None = None


class TokenVerifier(Protocol):
    """Reads access tokens; the only thing that may turn a header into a `Principal`."""

    def verify(self, bearer: str) -> Principal:
        """The token's holder. Raises `Unauthenticated`, code `token_expired` or `invalid_token`.

        Where an outside service issues tokens also `Unavailable`, when it is needed to decide and does not answer, and `Forbidden`
        or `Conflict` for somebody who cannot have an account here. Never called inside a transaction.
        """
        ...


class IssuedToken(NamedTuple):
    """An access token, ready to hand out."""

    token: str
    expires_in_s: int


class TokenIssuer(Protocol):
    """Makes access tokens. Absent where an outside service issues them."""

    def issue(self, user_id: UUID, session_id: UUID, authenticated_at: datetime | None = None) -> IssuedToken:
        """A short-lived token for a session that exists. authenticated_at: the last proof of who they are; None when nobody knows."""
        ...

    def jwks(self) -> Mapping[str, object]:
        """The public keys as an RFC 7517 key set, the one to come included."""
        ...


class Passwords(Protocol):
    """Slow hashes of passwords. Passwords are taken verbatim: 8 to 128 characters, nothing trimmed or normalised.

    Every method that hashes raises `Unavailable` when too many hashes are already running.
    """

    def check(self, password: str) -> None:
        """Raises `Invalid` (pointer `/password`) for one nobody should choose: too short, too long, or on the list of common ones."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """Have room for hashing before anything else is spent on a request; what the block hashes needs none of its own.

        Raises `Unavailable` when there is none.
        """
        ...

    def hash(self, password: str) -> str:
        """A self-describing hash with a fresh salt. Raises `Invalid` (pointer `/password`) outside 8-128 characters."""
        ...

    def verify(self, hashed: str, password: str) -> bool:
        """Whether the password made this hash; false also for a hash nobody can read."""
        ...

    def decoy(self) -> str:
        """A hash that no password has, as costly to verify as today's: for an account that does not exist, so that the time tells nothing."""
        ...

    def needs_rehash(self, hashed: str) -> bool:
        """Whether the hash was made with other costs than today's: hash anew after the next good login."""
        ...


class Devices(Protocol):
    """Recognises a device by a token that it was given at a good sign-in: whoever guesses elsewhere does not shut its owner out."""

    def remember(self, user_id: UUID, device: UUID | None = None) -> str:
        """The token to hand out. device: one that was recognised, to be known by the same id again."""
        ...

    def recognise(self, token: str | None, user_id: UUID) -> UUID | None:
        """Which device of this person it is; None for a token that is not theirs, too old, or none."""
        ...


@dataclass(frozen=True, slots=True)
class Allowances:
    """How many password checks in window_s: for one account, remembered device or session (account), and from one network address (address).

    How many links by mail in an hour: to one address or for one person (letters), and asked for from one network address. How many accounts asked
    for in an hour from one network address (signups_from_address).
    """

    account: int = 10
    address: int = 100
    window_s: int = 900
    letters: int = 5
    letters_from_address: int = 20
    signups_from_address: int = 60


class RefreshToken(NamedTuple):
    """A fresh refresh token. Only the digest is stored; the text is shown to its owner once."""

    token: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class RefreshRecord:
    """What is stored of one refresh token. used_at: when it was exchanged for its successor."""

    expires_at: datetime
    used_at: datetime | None = None
    family_revoked_at: datetime | None = None


class RefreshVerdict(Enum):
    """What to do with a refresh token that somebody presents."""

    ROTATE = "rotate"
    """Mark it used, store and hand out its successor. The only answer that is not 401."""
    REJECT = "reject"
    """401 and nothing else: unknown, expired, already revoked, or a retry within the grace time."""
    REVOKE_FAMILY = "revoke_family"
    """401, and end the session with all its tokens: a used token came back, so somebody copied it."""


class RefreshTokens(Protocol):
    """Makes and judges refresh tokens. Storing and locking them is the caller's: judge under the row's lock."""

    def new(self) -> RefreshToken:
        """256 random bits and their SHA-256."""
        ...

    def digest(self, token: str) -> bytes:
        """The stored form. Raises `Unauthenticated` for a text that no issuer of ours made."""
        ...

    def expires_at(self) -> datetime:
        """When a token made now ends."""
        ...

    def judge(self, record: RefreshRecord | None) -> RefreshVerdict:
        """The answer to a presented token, now; `None` stands for a digest that nobody stored."""
        ...
