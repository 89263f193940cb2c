"""The platform's tables of workspaces, memberships and modules, by family."""

from __future__ import annotations

from plugins.workspaces.repository.domains import Domains
from plugins.workspaces.repository.invitations import Invitations
from plugins.workspaces.repository.keys import Keys
from plugins.workspaces.repository.members import Members
from plugins.workspaces.repository.modules import Modules
from plugins.workspaces.repository.workspaces import Workspaces


class Repository(Workspaces, Members, Modules, Domains, Invitations, Keys):
    """plugins.workspaces.ports.Store on the open transaction."""
