"""What other plugins may hear of, and veto."""

from __future__ import annotations

from uuid import UUID

from kernel.hooks import check, event


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
