"""AES-256-GCM with a key per workspace and the place as associated data (implements ports.encryption.Encryption)."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ports.encryption import Place, Unreadable

_FORMAT: Final = "e1"
_NONCE: Final = 12
_KEY: Final = 32
_CACHED: Final = 4096


class AesGcmEncryption:
    """`e1.<key id>.<base64url of nonce, ciphertext and tag>`. keys: 32 bytes each, the current one first; the others only open.

    A key per workspace is derived from each (HKDF-SHA256), so that random nonces stay far from repeating under any one key.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != _KEY for key in keys):
            raise ValueError("keys of 32 bytes, at least one")
        self._known = {key_id(key): key for key in reversed(keys)}
        self._current = key_id(keys[0])
        self._cipher = lru_cache(_CACHED)(self._derived)

    @property
    def prefix(self) -> str:
        return f"{_FORMAT}.{self._current}."

    def seal(self, plain: bytes, place: Place) -> str:
        nonce = os.urandom(_NONCE)
        sealed = self._cipher(self._current, place.workspace_id).encrypt(nonce, plain, _associated(place))
        return self.prefix + urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, place: Place) -> bytes:
        kind, _, rest = sealed.partition(".")
        key, _, text = rest.partition(".")
        if kind != _FORMAT or key not in self._known:
            raise Unreadable("sealed with a key that is not configured here")
        try:
            raw = urlsafe_b64decode(text)
            if urlsafe_b64encode(raw).decode() != text:  # several texts stand for the same bytes; only one is ours
                raise ValueError
            return self._cipher(key, place.workspace_id).decrypt(raw[:_NONCE], raw[_NONCE:], _associated(place))
        except (InvalidTag, ValueError, Error):
            raise Unreadable("changed, or moved from its place") from None

    def _derived(self, key: str, workspace: UUID) -> AESGCM:
        return AESGCM(HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=b"workspace " + workspace.bytes).derive(self._known[key]))


def key_id(key: bytes) -> str:
    """What names a key in the values it sealed; tells nothing about it."""
    return sha256(b"fitpro key id " + key).hexdigest()[:8]


def _associated(place: Place) -> bytes:
    """Length before each part, so that no two places read alike."""
    parts = (place.workspace_id.hex, place.table, place.column, str(place.id))
    return b"".join(len(part).to_bytes(2, "big") + part for part in (text.encode() for text in parts))
