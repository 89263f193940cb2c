"""Signed heads in files (implements ports.anchors). Put the folder where the database's owner cannot write."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ports.anchors import Head, Receipt

_PURPOSE: Final = b"fitpro audit head 1\0"
_VOUCHER: Final = b"fitpro audit voucher 1\0"
_KEY: Final = 8
_LINE: Final = 512  # more than any receipt has


class Ed25519Notary:
    """Signs with a key made of 32 secret bytes. The public keys of all times lie in `folder`, so that a new secret keeps old receipts good."""

    def __init__(self, secret: bytes, folder: Path) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(secret)
        self._folder = folder
        public = self._private.public_key().public_bytes_raw()
        self._key = _id(public)
        self._known = {self._key: self._private.public_key()}
        self._published = False

    def sign(self, head: Head) -> Receipt:
        self._publish()
        return Receipt(head, self._key, self._private.sign(_PURPOSE + head.message))

    def signed(self, receipt: Receipt) -> bool:
        return self._holds(receipt.key, receipt.signature, _PURPOSE + receipt.head.message)

    def vouch(self, statement: bytes) -> bytes:
        self._publish()
        return self._key + self._private.sign(_VOUCHER + statement)

    def vouched(self, statement: bytes, voucher: bytes) -> bool:
        return self._holds(voucher[:_KEY], voucher[_KEY:], _VOUCHER + statement)

    def _holds(self, key: bytes, signature: bytes, message: bytes) -> bool:
        public = self._known.get(key) or self._earlier(key)
        if public is None:
            return False
        try:
            public.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def _publish(self) -> None:
        if not self._published:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / f"{self._key.hex()}.key").write_text(self._private.public_key().public_bytes_raw().hex() + "\n")
            self._published = True

    def _earlier(self, key: bytes) -> Ed25519PublicKey | None:
        try:
            public = bytes.fromhex((self._folder / f"{key.hex()}.key").read_text().strip())
        except FileNotFoundError:
            return None
        if _id(public) != key:
            return None
        return self._known.setdefault(key, Ed25519PublicKey.from_public_bytes(public))


def _id(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:_KEY]


class AnchorFiles:
    """A file per workspace below `folder`, a receipt per line, only ever added to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def keep(self, receipt: Receipt) -> None:
        with self._lock:
            newest = self.newest(receipt.head.workspace_id)
            if newest is not None and newest.head.number >= receipt.head.number:
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path(receipt.head.workspace_id), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, f"{receipt}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def newest(self, workspace_id: UUID) -> Receipt | None:
        try:
            with self._path(workspace_id).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 2 * _LINE))
                lines = file.read().decode("ascii", "replace").splitlines()
        except FileNotFoundError:
            return None
        for line in reversed(lines):  # the last one may be cut short by a crash
            try:
                return Receipt.parse(line)
            except ValueError:
                continue
        return None

    def _path(self, workspace_id: UUID) -> Path:
        return self._folder / f"{workspace_id}.heads"
