"""The accounts plugin."""

from __future__ import annotations

from uuid import UUID

from plugins.accounts.domain import Link
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
        verifier=ports.verifier,
        devices=ports.devices,
        allowances=ports.allowances,
        confirmed=ports.confirmed_signup,
        capabilities=ports.capabilities,
        post=QueuedPost(),
        federation=ports.federation,
        address=compared,
        app_url=ports.app_url,
        own_url=ports.own_url,
        refresh_tokens=ports.refresh_tokens,
        refresh_lifetime=ports.refresh_lifetime,
        clock=ports.clock,
    )


def compared(address: str) -> str | None:
    """An address as we compare it; None for what no account here may have."""
    try:
        return str(_EMAIL.deserialize(address))
    except ma.ValidationError:
        return None


_EMAIL = fields.Email()


class QueuedPost:
    """The post port: mail tasks of this plugin, queued with the transaction. By name, for tasks are an edge and declare themselves here."""

    def follow_link(self, link: Link) -> None:
        plugin.tasks["follow_link"](link_id=link.id, door=str(link.door))

    def finish_signup(self, applicant_id: UUID) -> None:
        plugin.tasks["finish_signup"](applicant_id=applicant_id)

    def password_changed(self, user_id: UUID) -> None:
        plugin.tasks["password_changed"](user_id=user_id)

    def address_changed(self, link_id: UUID) -> None:
        for to_old in (True, False):
            plugin.tasks["address_changed"](link_id=link_id, to_old=to_old)
