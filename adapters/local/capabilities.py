"""Tokens of links, derived instead of stored (implements ports.capabilities.Capabilities)."""

from __future__ import annotations

import base64
import hashlib
import hmac


class DerivedCapabilities:
    """key: 32 bytes, for this purpose alone."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, purpose: str, *parts: str) -> str:
        # Lengths in front: no two lists of parts read the same.
        said = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in (purpose, *parts))
        return base64.urlsafe_b64encode(hmac.digest(self._key, said, hashlib.sha256)).decode().rstrip("=")
