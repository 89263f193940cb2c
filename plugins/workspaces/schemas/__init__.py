"""Workspaces, members and modules as JSON, by family."""

from __future__ import annotations

from plugins.workspaces.schemas.branding import LogoQuery
from plugins.workspaces.schemas.invitations import (
    InvitationInputSchema,
    InvitationPreviewSchema,
    InvitationQuery,
    InvitationSchema,
    InvitationTermsSchema,
    InvitationTokenSchema,
)
from plugins.workspaces.schemas.keys import KeySchema, NewKeySchema, RotationSchema, ScopeSchema, ShownKeySchema
from plugins.workspaces.schemas.members import HandoverQuery, MemberQuery, MemberSchema, RoleSchema
from plugins.workspaces.schemas.modules import ModuleQuery, ModuleSchema, SwitchSchema
from plugins.workspaces.schemas.workspaces import MembershipSchema, ProfileSchema, WorkspaceSchema

__all__ = [
    "HandoverQuery", "InvitationInputSchema", "InvitationPreviewSchema", "InvitationQuery", "InvitationSchema", "InvitationTermsSchema",
    "InvitationTokenSchema", "KeySchema", "LogoQuery", "MemberQuery", "MemberSchema", "MembershipSchema", "ModuleQuery", "ModuleSchema",
    "NewKeySchema", "ProfileSchema", "RoleSchema", "RotationSchema", "ScopeSchema", "ShownKeySchema", "SwitchSchema", "WorkspaceSchema",
]  # fmt: skip
