"""/api/v1/workspaces and /api/v1/users, by family."""

from __future__ import annotations

from plugins.workspaces.resources import members, modules, workspaces

__all__ = ["members", "modules", "workspaces"]
