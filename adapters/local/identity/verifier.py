"""Checks access tokens against a static list of issuers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from adapters.local.identity import claims as check
from adapters.local.identity.envelope import Envelope, opened
from kernel.errors import Unauthenticated
from ports.clock import Clock
from ports.identity import Principal

VerificationKey: TypeAlias = ECKey | RSAKey | OctKey
_ASYMMETRIC = frozenset({"ES256", "RS256"})
_SHARED = frozenset({"HS256"})


def _auth_time(claims: Mapping[str, object]) -> object:
    return claims.get("auth_time")


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Whose tokens hold, and what exactly they look like.

    key: finds the issuer's own public key by kid, or gives `None`; it raises nothing but `Unavailable`. Issuers never share keys.
    legacy: an entry of its own for an issuer's old tokens, signed with a shared secret; they may lack a kid (it is "" then).
    proved: the claims' word on when the person proved who they are.
    """

    iss: str
    audience: str
    algorithms: frozenset[str]
    key: Callable[[str], VerificationKey | None]
    typ: str = "at+jwt"
    session_claim: str = "sid"
    legacy: bool = False
    proved: Callable[[Mapping[str, object]], object] = _auth_time
    registry: jws.JWSRegistry = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse shared-secret and `none` algorithms at start, not at the first token."""
        allowed = _SHARED if self.legacy else _ASYMMETRIC
        if not self.algorithms or self.algorithms - allowed:
            raise ValueError(f"Issuer {self.iss}: algorithms must be among {sorted(allowed)}.")
        object.__setattr__(self, "registry", jws.JWSRegistry(algorithms=sorted(self.algorithms)))


class JwtVerifier:
    """`ports.identity.TokenVerifier` for signed JWTs.

    leeway_s: how far clocks may differ. max_lifetime_s: from `iat` to `exp`.
    """

    def __init__(self, issuers: Iterable[TrustedIssuer], clock: Clock, *, leeway_s: int = 30, max_lifetime_s: int = 86_400) -> None:
        # By algorithm as well: an entry's key never meets an algorithm that it was not made for.
        self._issuers: dict[tuple[str, str], TrustedIssuer] = {}
        for issuer in issuers:
            for algorithm in issuer.algorithms:
                if self._issuers.setdefault((issuer.iss, algorithm), issuer) is not issuer:
                    raise ValueError(f"Issuer {issuer.iss} is there twice for {algorithm}.")
        self._clock = clock
        self._leeway_s = leeway_s
        self._max_lifetime_s = max_lifetime_s

    def verify(self, bearer: str) -> Principal:
        """The token's holder. Raises `Unauthenticated`, or `Unavailable` while an outside issuer's keys cannot be had."""
        try:
            envelope = opened(bearer)
            issuer = self._issuer(envelope)
            self._check_signature(bearer, envelope, issuer)
            return self._principal(envelope.claims, issuer)
        # The cause holds pieces of the token, so it is not kept.
        except (ValueError, JoseError):
            raise Unauthenticated(code="invalid_token") from None

    def _issuer(self, envelope: Envelope) -> TrustedIssuer:
        iss = envelope.claims.get("iss")
        issuer = self._issuers.get((iss, envelope.alg)) if isinstance(iss, str) else None
        if issuer is None or envelope.typ != issuer.typ or (envelope.kid is None and not issuer.legacy):
            raise ValueError("not an access token of an issuer we trust")
        return issuer

    def _check_signature(self, bearer: str, envelope: Envelope, issuer: TrustedIssuer) -> None:
        key = issuer.key(envelope.kid or "")
        if key is None:
            raise ValueError("unknown key")
        jws.deserialize_compact(bearer, key, registry=issuer.registry)

    def _principal(self, claims: dict[str, object], issuer: TrustedIssuer) -> Principal:
        now = self._clock.now().timestamp()
        issued_at, expires_at = claims.get("iat"), claims.get("exp")
        if not isinstance(issued_at, int) or not isinstance(expires_at, int):
            raise ValueError("no times")
        if not (
            check.is_epoch(issued_at)
            and check.is_epoch(expires_at)
            and check.lifetime_fits(issued_at, expires_at, self._max_lifetime_s)
            and check.has_begun(issued_at, claims.get("nbf"), now, self._leeway_s)
            and check.audience_fits(claims.get("aud"), issuer.audience)
        ):
            raise ValueError("claims do not hold")
        principal = Principal(
            check.identifier(claims.get("sub")),
            check.identifier(claims.get(issuer.session_claim)),
            expires_at,
            check.scopes(claims.get("scope")),
            issuer.iss,
            check.moment(issuer.proved(claims), now, self._leeway_s),
        )
        if check.has_ended(expires_at, now, self._leeway_s):
            raise Unauthenticated("The access token has expired; refresh it.", code="token_expired")
        return principal
