"""Tokens nobody may accept: genuine parts of two issuers, put together wrongly in every way we could think of."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from adapters.local.identity import TrustedIssuer

NOW = 1_790_000_000
USER, SESSION = UUID(int=0xA), UUID(int=0xB)
ABSENT = object()
Corpus = dict[str, str]


def b64(raw: bytes | str | dict[str, Any]) -> str:
    data = raw if isinstance(raw, bytes) else raw.encode() if isinstance(raw, str) else json.dumps(raw).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signer(alg: str, key: Any) -> Callable[[bytes], bytes]:
    return lambda message: jws.JWSRegistry.algorithms[alg].sign(message, key)


def joined(header: Any, payload: Any, sign: Callable[[bytes], bytes]) -> str:
    message = f"{b64(header)}.{b64(payload)}"
    return f"{message}.{b64(sign(message.encode()))}"


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **changes}.items() if value is not ABSENT}


@dataclass(frozen=True)
class Side:
    """An issuer as an attacker sees it: everything public, plus the power to have anything signed that a test needs."""

    trusted: TrustedIssuer
    kid: str
    pair: ECKey | RSAKey

    @property
    def alg(self) -> str:
        return next(iter(self.trusted.algorithms))

    def claims(self, **changes: Any) -> dict[str, Any]:
        base = {"iss": self.trusted.iss, "aud": self.trusted.audience, "sub": str(USER), "iat": NOW, "exp": NOW + 600}
        return changed({**base, self.trusted.session_claim: str(SESSION)}, changes)

    def header(self, **changes: Any) -> dict[str, Any]:
        return changed({"alg": self.alg, "kid": self.kid, "typ": self.trusted.typ}, changes)

    def token(self, key: Any = None, *, payload: Any = None, **header: Any) -> str:
        return joined(self.header(**header), payload or self.claims(), signer(self.alg, key or self.pair))

    def shared_secret(self, secret: bytes, alg: str = "HS256", **header: Any) -> str:
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]
        sign = lambda message: hmac.digest(secret, message, digest)  # noqa: E731
        return joined(self.header(alg=alg, **header), self.claims(), sign)


def hostile(side: Side, other: Side) -> Corpus:
    """T21: what is wrong with the header, the signature, the key or the encoding."""
    good, own = side.token(), signer(side.alg, side.pair)
    head, body, signature = good.split(".")
    pem, public = side.pair.as_pem(private=False), side.pair.as_dict(private=False)
    thief = ECKey.generate_key("P-256") if side.alg == "ES256" else RSAKey.generate_key(2048)
    thiefs = thief.as_dict(private=False)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    unused_bit = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    raw_head = json.dumps(side.header())
    corpus = {f"alg {alg!r}, no signature": f"{b64(side.header(alg=alg))}.{body}." for alg in ("none", "NoNe", "NONE", "")}
    corpus |= {f"alg {alg!r}, well signed": side.token(alg=alg) for alg in (ABSENT, None, 256, ["ES256"], "none", other.alg)}
    corpus |= {f"{alg} with the public PEM": side.shared_secret(pem, alg) for alg in ("HS256", "HS384", "HS512")}
    corpus |= {f"kid {kid!r}": side.token(kid=kid) for kid in (ABSENT, None, 1, [side.kid], {}, "", side.kid + " ", "unknown")}
    corpus |= {
        f"kid {kid!r}, empty file as secret": side.shared_secret(b"\0", kid=kid)
        for kid in ("../../../dev/null", "x' union select 'a", "| cat /etc/passwd", "http://thief.example/key")
    }
    corpus |= {f"typ {typ!r}": side.token(typ=typ) for typ in (ABSENT, None, 1, "rt+jwt", "AT+JWT", "dpop+jwt", other.trusted.typ)}
    corpus |= {
        f"well signed with {name}": side.token(**{name: value})
        for name, value in {
            "jwk": public, "jku": "https://thief.example/jwks", "x5u": "https://thief.example/c", "x5c": ["MII"],
            "x5t": "abc", "crit": ["exp"], "b64": True, "zip": "DEF", "cty": "JWT", "enc": "A256GCM", "p2c": 2**31,
        }.items()
    }  # fmt: skip
    return corpus | {
        "HS256 with the public JWK": side.shared_secret(json.dumps(public).encode()),
        "HS256 with the kid": side.shared_secret(side.kid.encode()),
        "the thief's key under our kid": side.token(thief),
        "the thief's key, embedded, under our kid": side.token(thief, jwk=thiefs),
        "the thief's key, embedded, under its own kid": side.token(thief, jwk=thiefs, kid="thief"),
        "an empty crit": side.token(crit=[]),
        "an unencoded payload (b64 false)": side.token(crit=["b64"], b64=False),
        "alg twice": joined(raw_head[:-1] + f', "alg": "{side.alg}"' + "}", side.claims(), own),
        "claim twice": joined(side.header(), json.dumps(side.claims())[:-1] + f', "sub": "{USER}"' + "}", own),
        "header is a list": joined("[]", side.claims(), own),
        "header is not JSON": joined("{", side.claims(), own),
        "header is not UTF-8": joined(b"\xff\xfe", side.claims(), own),
        "header with NaN": joined('{"alg": NaN}', side.claims(), own),
        "header 5,000 levels deep": joined("[" * 5000, side.claims(), own),
        "header of a megabyte": joined(raw_head[:-1] + ", " + " " * 2**20 + "}", side.claims(), own),
        "claims are a list": joined(side.header(), "[]", own),
        "claims are a number": joined(side.header(), "1", own),
        "claims with Infinity": joined(side.header(), json.dumps(side.claims(x=float("inf"))), own),
        "claims 5,000 levels deep": joined(side.header(), '{"x":' + "[" * 5000, own),
        "a number of 5,000 digits": joined(side.header(), '{"exp":' + "9" * 5000 + "}", own),
        "UTF-16 claims": joined(side.header(), json.dumps(side.claims()).encode("utf-16"), own),
        "well signed, above 8 KiB": side.token(payload=side.claims(x="x" * 8000)),
        "other claims": f"{head}.{b64(side.claims(sub=str(UUID(int=1))))}.{signature}",
        "the signature of another token": f"{head}.{body}.{side.token(payload=side.claims(exp=NOW + 9)).split('.')[2]}",
        "signature of zeros": f"{head}.{body}.{b64(bytes(64))}",
        "signature in DER": f"{head}.{body}.{b64(in_der(f'{head}.{body}'.encode(), side.pair))}",
        "signature cut": good[:-4],
        "signature with an unused bit set": f"{head}.{body}.{unused_bit}",
        "signature padded": good + "=" * (-len(signature) % 4 or 1),
        "JSON serialisation": json.dumps({"protected": head, "payload": body, "signature": signature}),
        "encrypted form": f"{head}.{body}.{body}.{body}.{signature}",
        "two segments": f"{head}.{body}",
        "four segments": good + ".x",
        "prefix": "Bearer " + good,
        "space before": " " + good,
        "newline after": good + "\n",
        "NUL after": good + "\0",
        "full-width dot": good.replace(".", "\uff0e"),
        "half a surrogate pair": good + "\ud800",
        "nothing": "",
        "dots": "..",
    }  # fmt: skip


def mutated(side: Side) -> Corpus:
    """T22: well signed, but one claim is absent, of another type or of another value."""
    ours, sid = side.trusted.audience, side.trusted.session_claim
    wrong: dict[str, tuple[Any, ...]] = {
        "iss": (ABSENT, None, 1, [side.trusted.iss], "", side.trusted.iss + "/", side.trusted.iss.upper()),
        "aud": (
            ABSENT, None, "", "other", [], [ours, "other"], ["other", ours], [[ours]], {ours: 1},
            ours + " ", ours.upper(),
        ),
        "sub": (ABSENT, None, 7, "", "admin", [str(USER)], f"{{{USER}}}", USER.urn, str(USER).upper(), USER.hex),
        sid: (ABSENT, None, 7, "", "x", str(SESSION).upper()),
        "exp": (
            ABSENT, None, True, str(NOW + 600), NOW + 600.5, 1e400, -1, 0, [NOW + 600], NOW - 31, NOW + 86_401,
            2**63, 10**400,
        ),
        "iat": (ABSENT, None, True, str(NOW), NOW + 0.5, -1, NOW + 31, NOW + 601, NOW - 86_401, 10**400),
        "nbf": (True, str(NOW), NOW + 31, 1.5, 10**400, []),
        "scope": (1, ["admin"], {}),
    }  # fmt: skip
    corpus = {
        f"{name} {'absent' if value is ABSENT else str(value)[:50]!r}": side.token(payload=side.claims(**{name: value}))
        for name, values in wrong.items()
        for value in values
    }
    ended = {f"ended {ago} s ago": side.token(payload=side.claims(iat=NOW - 999, exp=NOW - ago)) for ago in (30, 45, 900)}
    return corpus | ended


def crossed(side: Side, other: Side) -> Corpus:
    """T23: genuine parts, in the wrong place."""
    return {
        "our claims, the other's key and kid": side.token(other.pair, kid=other.kid, alg=other.alg)
        if side.alg == other.alg
        else joined(side.header(kid=other.kid, alg=other.alg), side.claims(), signer(other.alg, other.pair)),
        "our claims, the other's key, our kid": joined(side.header(alg=other.alg), side.claims(), signer(other.alg, other.pair)),
        "the other's token for our audience": other.token(payload=other.claims(aud=side.trusted.audience)),
        "an ID token": side.token(typ="id+jwt", payload=side.claims(nonce="n")),
        "a refresh token as JWT": side.token(typ="rt+jwt"),
        "a refresh token": "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "a reset token": side.token(typ="reset+jwt", payload=side.claims(aud="password-reset")),
        "a reset token under the right typ": side.token(payload=side.claims(aud="password-reset")),
    }


def everything(ours: Side, theirs: Side) -> Corpus:
    parts = {"hostile": hostile, "crossed": crossed}
    pairs = ((ours, theirs), (theirs, ours))
    corpus = {f"{what}/{a.alg}/{k}": t for what, make in parts.items() for a, b in pairs for k, t in make(a, b).items()}
    return corpus | {f"claims/{side.alg}/{k}": t for side in (ours, theirs) for k, t in mutated(side).items()}


def in_der(message: bytes, pair: ECKey | RSAKey) -> bytes:
    key = pair.private_key
    return key.sign(message, ec.ECDSA(hashes.SHA256())) if isinstance(key, ec.EllipticCurvePrivateKey) else b"\x30\x06"
