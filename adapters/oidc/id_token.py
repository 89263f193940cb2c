"""Verifying an ID token: OpenID Connect's own rules by Authlib, signature by joserfc, and what both leave open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

Key: TypeAlias = ECKey | RSAKey
_ALGORITHMS = ["ES256", "RS256"]
_LONGEST = 16_384
_LEEWAY_S = 30
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})


def verified(
    token: object, *, issuer: str, client_id: str, nonce: str, access_token: object, key: Callable[[str], Key | None], now: int
) -> Mapping[str, Any]:
    """The claims. Raises ValueError or JoseError."""
    if not isinstance(token, str) or len(token) > _LONGEST or not token.isascii():
        raise ValueError("no ID token")
    header = jws.extract_compact(token.encode()).headers()
    # An access token (at+jwt) is no ID token. Keys come from the issuer's key set alone, never from the token (jwk, jku, x5c).
    if header.get("typ", "JWT") != "JWT" or header.keys() - _HEADER_MEMBERS:
        raise ValueError("not the header of an ID token")
    kid = header.get("kid")
    found = key(kid) if isinstance(kid, str) else None
    if found is None:
        raise ValueError("unknown key")
    claims = jwt.decode(token, found, algorithms=_ALGORITHMS).claims
    told = CodeIDToken(
        claims,
        header,
        options={"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}},
        params={"nonce": nonce, "client_id": client_id, "access_token": access_token if isinstance(access_token, str) else None},
    )
    told.validate(now, _LEEWAY_S)
    # joserfc takes any list that holds us, and times that are no whole seconds: a token for several may have come through another one.
    if told["aud"] not in (client_id, [client_id]):
        raise ValueError("not for us alone")
    if not all(type(told[name]) is int for name in ("iat", "exp")) or told["iat"] > now + _LEEWAY_S:
        raise ValueError("no times")
    subject = told["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isascii():
        raise ValueError("no subject")
    return dict(told)
