"""What travels through the broker: signed JSON. Nothing that is not ours is ever looked into, and pickle is never loaded."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any, Final

from huey.registry import Message
from huey.serializer import Serializer

_MAC: Final = hashlib.sha256().digest_size


class Forged(ValueError):
    """A message that does not carry our signature."""


class SignedJson(Serializer):  # type: ignore[misc]
    """Huey's messages as HMAC-SHA256 ‖ JSON. keys: the first signs, each verifies, so that a key can be rotated."""

    def __init__(self, *keys: bytes) -> None:
        super().__init__()
        self._keys = keys

    def _serialize(self, data: Any) -> bytes:
        if isinstance(data, Message):
            fields = data._asdict()
            data = {"message": {**fields, "eta": fields["eta"] and fields["eta"].isoformat(), "expires_resolved": None}}
        else:
            data = {"value": data}
        body = json.dumps(data, separators=(",", ":")).encode()
        return _mac(self._keys[0], body) + body

    def _deserialize(self, data: bytes) -> Any:
        mac, body = data[:_MAC], data[_MAC:]
        if not any(hmac.compare_digest(mac, _mac(key, body)) for key in self._keys):
            raise Forged("a message without our signature was dropped")
        document = json.loads(body)
        if "message" not in document:
            return document["value"]
        fields = document["message"]
        eta = fields["eta"] and datetime.fromisoformat(fields["eta"])
        return Message(**{**fields, "eta": eta, "args": tuple(fields["args"] or ()), "kwargs": fields["kwargs"] or {}})


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")
