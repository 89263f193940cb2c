"""Heads of the audit's chains, signed and kept where whoever owns the database cannot rewrite them."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, Self
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHAPE: Final = struct.Struct(">16sqqq32s")
_SIGNED: Final = struct.Struct(f">{_SHAPE.size}s8s64s")
_MARK: Final = "fitpro-audit-1."


@dataclass(frozen=True, slots=True)
class Head:
    """Where a workspace's chain ended at a moment: the seal's number, the position of its last entry, the hash over everything up to it."""

    workspace_id: UUID
    number: int
    position: int
    sealed_at: datetime
    hash: bytes

    @property
    def message(self) -> bytes:
        """What is signed."""
        at = (self.sealed_at - _EPOCH) // timedelta(microseconds=1)
        return _SHAPE.pack(self.workspace_id.bytes, self.number, self.position, at, self.hash)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed head. As text it is one line that anybody may keep and show later."""

    head: Head
    key: bytes
    signature: bytes

    def __str__(self) -> str:
        packed = _SIGNED.pack(self.head.message, self.key, self.signature)
        return _MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for what is no receipt; whether it is ours says the notary."""
        if not text.startswith(_MARK) or not text.isascii():
            raise ValueError("not a receipt")
        try:
            encoded = text.removeprefix(_MARK)
            message, key, signature = _SIGNED.unpack(base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
            workspace, number, position, at, digest = _SHAPE.unpack(message)
            return cls(Head(UUID(bytes=workspace), number, position, _EPOCH + timedelta(microseconds=at), digest), key, signature)
        except (binascii.Error, struct.error, OverflowError) as error:
            raise ValueError("not a receipt") from error


class Notary(Protocol):
    """Signs heads, and vouches for what is done to the trail, with a key the database does not hold."""

    def sign(self, head: Head) -> Receipt: ...

    def signed(self, receipt: Receipt) -> bool:
        """Whether this installation signed it, with today's key or one it used before."""
        ...

    def vouch(self, statement: bytes) -> bytes:
        """A voucher: the key's name and its signature of the statement. It is no receipt, and no receipt is one."""
        ...

    def vouched(self, statement: bytes, voucher: bytes) -> bool:
        """Whether this installation vouched for it, with today's key or one it used before."""
        ...


class Anchors(Protocol):
    """Keeps receipts outside the database, in order, and never lets one go. Thread-safe."""

    def keep(self, receipt: Receipt) -> None:
        """Idempotent. A receipt older than the newest is not kept."""
        ...

    def newest(self, workspace_id: UUID) -> Receipt | None: ...
