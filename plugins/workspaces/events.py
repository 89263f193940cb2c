"""What other plugins may hear of, and veto."""

from __future__ import annotations

from typing import TypedDict
from uuid import UUID

from kernel.hooks import check, collect, event, exhaustive


class Thing(TypedDict):
    """Something a member looks after, as people know it."""

    id: UUID
    title: str


class Owned(TypedDict):
    """Things of one kind that a member looks after. kind: in the singular; items: the first 50 of them."""

    kind: str
    count: int
    items: list[Thing]


@check
def workspaces_enabling(module: str) -> None:
    """Before a module is switched on. Asked of what is on already; also asked, and undone, by a preview."""


@check
def workspaces_disabling(module: str) -> None:
    """Before a module is switched off; the module itself is asked too. Also asked, and undone, by a preview."""


@event
def workspaces_module_enabled(module: str) -> None:
    """After a module was switched on; the module itself hears it."""


@event
def workspaces_module_disabled(module: str) -> None:
    """After a module was switched off; its data is kept."""


@event
def workspaces_module_configured(module: str, changed: list[str]) -> None:
    """After a module was set otherwise; the module itself hears it, while it is on. changed: the names of its settings that were written anew."""


@event
def workspaces_member_invited(invitation_id: UUID) -> None:
    """After somebody was asked to join; the mail is sent by the platform."""


@event
def workspaces_member_joined(user_id: UUID, role: str) -> None:
    """After a person accepted an invitation, for the first time or again."""


@exhaustive
@check
def workspaces_inviting(client_id: UUID) -> None:
    """Before somebody is invited to be a client, and before they become one, seen as by their inviter; raise `Invalid` at `/client_id` when
    there is none they could be."""


@exhaustive
@check
def workspaces_leaving(user_id: UUID, reassign_to: UUID | None, becomes: str | None) -> None:
    """Before a member goes (becomes None) or becomes a Cliente, asked first and whether or not they own anything: see to it that nothing more
    becomes theirs until the transaction ends, and end what is theirs alone and nobody takes over. What this transaction did is undone when
    they stay. It sees every client."""


@exhaustive
@collect
def workspaces_owned(user_id: UUID) -> list[Owned]:  # type: ignore[empty-body]
    """What a member looks after and somebody must take over when they go or become a Cliente; nothing that is merely of their making.
    A plugin that fails to answer keeps the member from going."""


@exhaustive
@check
def workspaces_reassigning(user_id: UUID, reassign_to: UUID) -> None:
    """A member goes: make all you named in workspaces_owned somebody else's, now, in this transaction, which sees every client. What
    is still named afterwards keeps the member from going."""


@event
def workspaces_member_removed(user_id: UUID) -> None:
    """After a membership ended, by an Owner or by the member."""


@event
def workspaces_role_changed(user_id: UUID, role: str) -> None:
    """After a member got another role (or, as a Cliente, became another client)."""


@event
def workspaces_domain_verified(domain: str) -> None:
    """After a domain was proven; from now on it selects the workspace."""


@event
def workspaces_domain_failed(domain: str) -> None:
    """After a claim waited in vain, or a verified domain lost its record for a week; it selects nothing any more."""
