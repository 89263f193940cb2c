"""The accounts plugin."""

from __future__ import annotations

from plugins.accounts.service import Accounts
from plugins.sdk import Plugin, Provided, fields, ma

plugin = Plugin(
    "accounts",
    api=1,
    title="Accounts",
    description="Sign up, sign in, stay signed in; the person's own record and consents.",
    mounts=("/auth", "/api/v1/me"),
    core=True,
    database="auth",
)


def build(ports: Provided) -> Accounts:
    """The service on the adapters of this process."""
    return Accounts.of(
        store=ports.repository,
        passwords=ports.passwords,
        tokens=ports.tokens,
        refresh_tokens=ports.refresh_tokens,
        clock=ports.clock,
    )


def compared(address: str) -> str | None:
    """An address as we compare it; None for what no account here may have."""
    try:
        return str(_EMAIL.deserialize(address))
    except ma.ValidationError:
        return None


_EMAIL = fields.Email()
