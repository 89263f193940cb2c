"""The accounts plugin."""

from __future__ import annotations

from plugins.accounts.service import Accounts
from plugins.sdk import Plugin, Provided

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
