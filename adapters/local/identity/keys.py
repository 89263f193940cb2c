"""One signing key: made at random, sealed for storage, opened again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

_NONCE_BYTES = 12
_SEALING_KEY_BYTES = 32


class KeyState(Enum):
    """Where a key stands in its life: published first, then signing, then only verifying."""

    STANDBY = "standby"
    CURRENT = "current"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A P-256 key pair. kid: its RFC 7638 thumbprint. since: when it entered its state."""

    kid: str
    pair: ECKey = field(repr=False, compare=False)
    created_at: datetime
    state: KeyState
    since: datetime

    def moved(self, state: KeyState, at: datetime) -> SigningKey:
        """The same key in another state."""
        return replace(self, state=state, since=at)


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A signing key as it is stored. sealed: nonce and AES-256-GCM of the private PEM, bound to the kid."""

    kid: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    state: KeyState
    since: datetime


def new_key(at: datetime, state: KeyState = KeyState.STANDBY) -> SigningKey:
    """A random key. Never derived from a secret: a leaked secret must not be every token's signature for ever."""
    pair = ECKey.generate_key("P-256", private=True)
    return SigningKey(pair.thumbprint(), pair, created_at=at, state=state, since=at)


def seal(key: SigningKey, sealing_key: bytes) -> SealedKey:
    """Encrypt for storage. Raises `ValueError` unless the sealing key has 32 bytes."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    ciphertext = _cipher(sealing_key).encrypt(nonce, key.pair.as_pem(private=True), _bound_to(key.kid))
    return SealedKey(key.kid, nonce + ciphertext, key.created_at, key.state, key.since)


def unseal(stored: SealedKey, *sealing_keys: bytes) -> SigningKey:
    """Decrypt with the first sealing key that fits: the current one, then older ones.

    Raises `ValueError`, naming the kid, when none fits or the row was tampered with.
    """
    nonce, ciphertext = stored.sealed[:_NONCE_BYTES], stored.sealed[_NONCE_BYTES:]
    for cipher in [_cipher(sealing_key) for sealing_key in sealing_keys]:
        try:
            pem = cipher.decrypt(nonce, ciphertext, _bound_to(stored.kid))
        except (InvalidTag, ValueError):
            continue
        return SigningKey(stored.kid, ECKey.import_key(pem), stored.created_at, stored.state, stored.since)
    raise ValueError(f"Signing key {stored.kid} does not open with the configured secret; restore the secret it was sealed with.")


def _cipher(sealing_key: bytes) -> AESGCM:
    if len(sealing_key) != _SEALING_KEY_BYTES:
        raise ValueError(f"A sealing key has {_SEALING_KEY_BYTES} bytes, not {len(sealing_key)}.")
    return AESGCM(sealing_key)


def _bound_to(kid: str) -> bytes:
    return b"fitpro/signing-key/" + kid.encode()
