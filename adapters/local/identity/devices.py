"""Devices that somebody signed in from before, known again by a signed token they keep."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from uuid import UUID, uuid4

from ports.clock import Clock

LIFETIME = timedelta(days=365)
_TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})", re.ASCII)


class SignedDevices:
    """`ports.identity.Devices`. key: 32 bytes, for this purpose alone. A token names a device for one person, and is nothing to anybody else."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def remember(self, user_id: UUID, device: UUID | None = None) -> str:
        """A token for a device that somebody just signed in from; the same device again, or a new one."""
        return self._token((device or uuid4()).hex, int(self._clock.now().timestamp()), user_id)

    def recognise(self, token: str | None, user_id: UUID) -> UUID | None:
        """The device, if this person signed in from it within a year; None for any other text."""
        found = _TOKEN.fullmatch(token) if token else None
        if found is None or token is None:
            return None
        device, since = found[1], int(found[2])
        if not hmac.compare_digest(token, self._token(device, since, user_id)):
            return None
        return UUID(device) if self._clock.now().timestamp() - since < LIFETIME.total_seconds() else None

    def _token(self, device: str, since: int, user_id: UUID) -> str:
        mac = hmac.digest(self._key, f"{device}.{since}.{user_id}".encode(), hashlib.sha256)
        return f"{device}.{since}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
