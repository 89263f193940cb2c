"""One secret, and everything derived from it: keys per purpose and the passwords of the database's roles."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SECRET_BYTES: Final = 32


def derive_key(secret: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256): knowing one key tells nothing about another."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"fitpro {purpose}".encode()).derive(secret)


def data_keys(secret: bytes, current: bytes, known: Sequence[bytes]) -> list[bytes]:
    """The keys of sealed data, the one in use first. The secret's own always opens what was sealed before there was another."""
    return list(dict.fromkeys(derive_key(master, "sealed data") for master in (current or secret, *known, secret)))


def role_password(secret: bytes, role: str) -> str:
    """The password of a database role that we manage ourselves: 43 URL-safe characters."""
    return base64.urlsafe_b64encode(derive_key(secret, f"database role {role}")).decode().rstrip("=")


def weakness(secret: bytes) -> str | None:
    """Why this cannot be the secret, None if it can."""
    if len(secret) < SECRET_BYTES:
        return f"must have at least {SECRET_BYTES} bytes"
    if len(set(secret)) < 12:
        return "is too regular to be random"
    return None


def kept_secret(home: Path) -> bytes:
    """The secret under `home`, made at its first use; processes that start together agree on one."""
    path = home / "secret.key"
    if not path.exists():
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(prefix="secret.key.", dir=home)  # mode 0600
        with open(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)  # whole or not at all, and the first one wins
        finally:
            os.unlink(draft)
    return path.read_bytes().strip()
