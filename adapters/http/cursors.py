"""Cursors of keyset lists: the last row's sort values, signed, for one workspace and one question."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import uuid
from collections.abc import Sequence
from typing import Final

import orjson

from kernel.errors import Fault, Malformed

Value = str | int | uuid.UUID | dt.datetime | dt.date | None

_MAC_BYTES: Final = 16
_MAX_TEXT: Final = 4_096
_MIN_KEY_BYTES: Final = 32


class Cursors:
    """Writes and reads cursors. keys: the first signs, all verify, 32 bytes or more each.

    Tied to the workspace and to `fingerprint` (sort and filters): a cursor of one list opens no other.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < _MIN_KEY_BYTES for key in keys):
            raise ValueError("a cursor key has at least 32 bytes")
        self._keys = tuple(keys)

    def encode(self, values: Sequence[Value], *, workspace: uuid.UUID | None, fingerprint: str) -> str:
        """The cursor after the row with these sort values. Raises TypeError on a value of another type."""
        payload = orjson.dumps([_pack(value) for value in values])
        mac = _mac(self._keys[0], payload, workspace, fingerprint)
        return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()

    def decode(self, text: str, *, workspace: uuid.UUID | None, fingerprint: str) -> list[Value]:
        """The sort values to continue after. Raises Malformed (400, `invalid_cursor`) on any other text."""
        signed = _bytes_of(text)
        mac, payload = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(key, payload, workspace, fingerprint)) for key in self._keys):
            raise _invalid()
        # The signature is good, so this process or its twin wrote what follows.
        return [_unpack(value) for value in orjson.loads(payload)]


def _mac(key: bytes, payload: bytes, workspace: uuid.UUID | None, fingerprint: str) -> bytes:
    scope = workspace.bytes if workspace is not None else bytes(16)
    question = fingerprint.encode()
    # The length keeps the border between the two variable parts.
    message = b"".join((b"cursor1", scope, len(question).to_bytes(4, "big"), question, payload))
    return hmac.digest(key, message, "sha256")[:_MAC_BYTES]


def _pack(value: Value) -> str | int | None:
    if value is None:
        return None
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, uuid.UUID):
        return f"u{value.hex}"
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise TypeError("a cursor holds no naive datetime")
        return f"t{value.isoformat()}"
    if isinstance(value, dt.date):
        return f"d{value.isoformat()}"
    if isinstance(value, bool):
        return f"b{int(value)}"
    if isinstance(value, int):
        return value
    raise TypeError(f"a cursor holds no {type(value).__name__}")


def _unpack(value: str | int | None) -> Value:
    if not isinstance(value, str):
        return value
    kind, text = value[0], value[1:]
    if kind == "u":
        return uuid.UUID(hex=text)
    if kind == "t":
        return dt.datetime.fromisoformat(text)
    if kind == "b":
        return text == "1"
    if kind == "d":
        return dt.date.fromisoformat(text)
    return text


def _bytes_of(text: str) -> bytes:
    if len(text) > _MAX_TEXT or not text.isascii():
        raise _invalid()
    encoded = text.encode()
    try:
        decoded = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise _invalid() from None
    # Base64 leaves spare bits in the last character; only one spelling of a cursor is a cursor.
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != encoded:
        raise _invalid()
    return decoded


def _invalid() -> Malformed:
    return Malformed(
        "This cursor does not belong to this list; start again without it.",
        code="invalid_cursor",
        errors=[Fault("?cursor", "Not a cursor of this list.")],
    )
