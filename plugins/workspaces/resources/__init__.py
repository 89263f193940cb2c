"""/api/v1/workspaces, /api/v1/users, /api/v1/invitations and /api/v1/branding, by family."""

from __future__ import annotations

from plugins.workspaces.resources import branding, domains, invitations, keys, members, modules, workspaces

__all__ = ["branding", "domains", "invitations", "keys", "members", "modules", "workspaces"]
