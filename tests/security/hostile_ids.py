"""ID tokens that sign nobody in, each wrong in one thing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.openid import CLIENT_ID


def claim(**changes: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def forge(_header: dict[str, Any], claims: dict[str, Any]) -> None:
        for name, value in changes.items():
            claims.pop(name, None)
            if value is not ABSENT:
                claims[name] = value

    return forge


def head(**changes: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    return lambda header, _: header.update(changes)


ABSENT = object()
NOW = int(time.time())
HOSTILE: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "another nonce": claim(nonce="x" * 43),
    "no nonce": claim(nonce=ABSENT),
    "another audience": claim(aud="somebody-else"),
    "us among others": claim(aud=[CLIENT_ID, "somebody-else"]),
    "us among others, authorised": claim(aud=[CLIENT_ID, "somebody-else"], azp=CLIENT_ID),
    "another party authorised": claim(azp="somebody-else"),
    "no audience": claim(aud=ABSENT),
    "another issuer": claim(iss="https://thief.example"),
    "no issuer": claim(iss=ABSENT),
    "expired": claim(iat=NOW - 900, exp=NOW - 60),
    "without an end": claim(exp=ABSENT),
    "an end that is no number": claim(exp="tomorrow"),
    "an end at infinity": claim(exp=1e308),
    "without a beginning": claim(iat=ABSENT),
    "of the future": claim(iat=NOW + 86_400, exp=NOW + 90_000),
    "not yet": claim(nbf=NOW + 86_400),
    "no subject": claim(sub=ABSENT),
    "an empty subject": claim(sub=""),
    "a subject that is no text": claim(sub=7),
    "a subject of 300 characters": claim(sub="x" * 300),
    "the hash of another access token": claim(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "unsigned": head(alg="none"),
    "an unknown key": head(kid="k2"),
    "an access token's type": head(typ="at+jwt"),
    "a critical extension": head(crit=["b64"], b64=True),
    "an embedded key": head(jwk={"kty": "oct", "k": "AAAA"}),
    "a key elsewhere": head(jku="https://thief.example/jwks"),
}
