"""Refresh tokens that rotate: each is good once, and one that comes back ends its family."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from kernel.errors import Unauthenticated
from ports.clock import Clock
from ports.identity import RefreshRecord, RefreshToken, RefreshVerdict

GRACE = timedelta(seconds=10)
"""A client that lost our answer retries at once; a thief comes later."""
_TOKEN_BYTES = 32
_TEXT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def judge(record: RefreshRecord | None, now: datetime, grace: timedelta = GRACE) -> RefreshVerdict:
    """The rule itself. A used token is judged before its age: a late replay is theft even after it expired."""
    if record is None or record.family_revoked_at is not None:
        return RefreshVerdict.REJECT
    if record.used_at is not None:
        return RefreshVerdict.REJECT if now - record.used_at <= grace else RefreshVerdict.REVOKE_FAMILY
    return RefreshVerdict.ROTATE if now < record.expires_at else RefreshVerdict.REJECT


class RotatingRefreshTokens:
    """`ports.identity.RefreshTokens`: 256 random bits, SHA-256 at rest (random input needs no slow hash)."""

    def __init__(self, clock: Clock, *, lifetime: timedelta = timedelta(days=30), grace: timedelta = GRACE) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._grace = grace

    def new(self) -> RefreshToken:
        """A token nobody can guess, and what to store of it."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        return RefreshToken(token, self.digest(token))

    def digest(self, token: str) -> bytes:
        """The stored form, 32 bytes. Raises `Unauthenticated` for a text we never made."""
        if _TEXT.fullmatch(token) is None:
            raise Unauthenticated("The refresh token does not hold; sign in again.", code="invalid_refresh_token")
        return hashlib.sha256(token.encode()).digest()

    def expires_at(self) -> datetime:
        """When a token made now ends."""
        return self._clock.now() + self._lifetime

    def judge(self, record: RefreshRecord | None) -> RefreshVerdict:
        """The answer to a presented token, now."""
        return judge(record, self._clock.now(), self._grace)
