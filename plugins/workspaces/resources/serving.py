"""What every family of routes hangs off."""

from __future__ import annotations

from typing import Any

from plugins.sdk import PageRequest
from plugins.workspaces.plugin import plugin
from plugins.workspaces.service import Service

blp = plugin.blueprint()
users = plugin.blueprint("/api/v1/users")
invitations = plugin.blueprint("/api/v1/invitations")


def service() -> Service:
    """The use cases, in the installation that serves the request."""
    found: Service = plugin.service
    return found


def last(page: PageRequest) -> Any:
    """The key the page before ended with, of lists with one key."""
    return None if page.after is None else page.after[0]
