"""Invitations to join."""

from __future__ import annotations

import uuid
from datetime import datetime

from plugins.sdk import Mapped, Model, mapped_column, metadata, sa
from plugins.workspaces.plugin import plugin

_OPEN = sa.text("accepted_at is null and revoked_at is null")


class Invitation(Model, plugin=plugin):
    """Somebody asked to join, by address. digest: SHA-256 of the token in the newest mail; mailing: how many mails there were."""

    __table_args__ = (
        sa.CheckConstraint("role in ('Owner', 'Colaborador', 'Cliente')", name="role"),
        sa.CheckConstraint("client_id is null or role = 'Cliente'", name="client"),
        sa.CheckConstraint("client_scope = 'all' or (client_scope = 'own' and role = 'Colaborador')", name="client_scope"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "invited_by"], ["user_roles.workspace_id", "user_roles.user_id"], name="fk_workspaces_invitation_invited_by"
        ),
        sa.UniqueConstraint("workspace_id", "digest", name="uq_workspaces_invitation_digest"),
        sa.Index("uq_workspaces_invitation_open", "workspace_id", "email", unique=True, postgresql_where=_OPEN),
        sa.Index("ix_workspaces_invitation_invited_by", "workspace_id", "invited_by", "id"),
        sa.Index("ix_workspaces_invitation_client", "workspace_id", "client_id", postgresql_where=sa.text("client_id is not null")),
    )

    email: Mapped[str]
    full_name: Mapped[str | None]
    role: Mapped[str]
    client_id: Mapped[uuid.UUID | None]
    client_scope: Mapped[str] = mapped_column(server_default="all")
    digest: Mapped[bytes]
    mailing: Mapped[int] = mapped_column(sa.SmallInteger, server_default="1")
    invited_by: Mapped[uuid.UUID]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[uuid.UUID | None]
    revoked_at: Mapped[datetime | None]


invitations: sa.Table = metadata.tables["workspaces_invitation"]
