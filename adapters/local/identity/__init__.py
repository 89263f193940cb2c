"""Built-in identity: ES256 access tokens, rotating refresh tokens, argon2id passwords.

Put together: a `KeyRing` (from stored, sealed keys) feeds `Es256Issuer` and, through `own_issuer`, a `JwtVerifier` that
may trust other issuers too; `CachedVerifier` goes in front of it.
"""

from adapters.local.identity.cache import CachedVerifier
from adapters.local.identity.devices import SignedDevices
from adapters.local.identity.issuer import Es256Issuer, own_issuer
from adapters.local.identity.keys import KeyState, SealedKey, SigningKey, new_key, seal, unseal
from adapters.local.identity.passwords import Argon2Passwords
from adapters.local.identity.refresh import RotatingRefreshTokens, judge
from adapters.local.identity.ring import KeyRing
from adapters.local.identity.verifier import JwtVerifier, TrustedIssuer, VerificationKey

__all__ = [
    "Argon2Passwords",
    "CachedVerifier",
    "Es256Issuer",
    "JwtVerifier",
    "KeyRing",
    "KeyState",
    "RotatingRefreshTokens",
    "SealedKey",
    "SignedDevices",
    "SigningKey",
    "TrustedIssuer",
    "VerificationKey",
    "judge",
    "new_key",
    "own_issuer",
    "seal",
    "unseal",
]
