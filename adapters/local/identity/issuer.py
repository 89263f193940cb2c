"""Signs our own access tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey

from adapters.local.identity.ring import KeyRing
from adapters.local.identity.verifier import TrustedIssuer
from ports.clock import Clock
from ports.identity import IssuedToken

ALGORITHM = "ES256"
TYP = "at+jwt"


class Es256Issuer:
    """`ports.identity.TokenIssuer` with the ring's current key, asked for each time: a rotation needs no restart."""

    def __init__(self, ring: Callable[[], KeyRing], clock: Clock, *, iss: str, audience: str = "fitpro", lifetime_s: int = 600) -> None:
        self._ring = ring
        self._clock = clock
        self._iss = iss
        self._audience = audience
        self._lifetime_s = lifetime_s

    def issue(self, user_id: UUID, session_id: UUID, authenticated_at: datetime | None = None) -> IssuedToken:
        """A token for a session that exists."""
        key = self._ring().current
        issued_at = int(self._clock.now().timestamp())
        claims: dict[str, str | int] = {
            "iss": self._iss,
            "aud": self._audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": issued_at,
            "exp": issued_at + self._lifetime_s,
        }
        if authenticated_at is not None:
            claims["auth_time"] = int(authenticated_at.timestamp())
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": TYP}
        return IssuedToken(jwt.encode(header, claims, key.pair, algorithms=[ALGORITHM]), self._lifetime_s)

    def jwks(self) -> Mapping[str, object]:
        """The public keys, the standby included."""
        return self._ring().jwks()


def own_issuer(
    ring: Callable[[], KeyRing], *, iss: str, audience: str = "fitpro", again: Callable[[], KeyRing] | None = None
) -> TrustedIssuer:  # fmt: skip
    """The entry by which a verifier trusts what `Es256Issuer` signs. again: the ring read anew, for a kid that another process may just have made."""

    def key(kid: str) -> ECKey | None:
        found = ring().verification_key(kid)
        return found if found is not None or again is None else again().verification_key(kid)

    return TrustedIssuer(
        iss=iss,
        audience=audience,
        algorithms=frozenset({ALGORITHM}),
        key=key,
        typ=TYP,
        session_claim="sid",
    )
