"""Tables of health data and of the consent behind it."""

from __future__ import annotations

import uuid
from datetime import datetime

from plugins.clients.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, reference, sa, sealed


class Health(Model, plugin=plugin):
    """One client's health record, sealed as a whole: the database holds nothing it could tell."""

    # Its own foreign key, because `reference` would add an index beside the unique one.
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "client_id", name="uq_clients_health_client_id"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "client_id"], ["clients.workspace_id", "clients.id"], ondelete="RESTRICT", name="fk_clients_health_client_id"
        ),
    )

    client_id: Mapped[uuid.UUID] = mapped_column()
    sealed: Mapped[str] = sealed()


class Consent(Model, plugin=plugin):
    """What a client agreed to; taken back, it stays as history."""

    __table_args__ = (
        sa.CheckConstraint("given_by in ('self', 'staff_attested')", name="given_by"),
        sa.CheckConstraint("(withdrawn_at is null) = (withdrawn_by is null) and withdrawn_by in ('self', 'staff', 'merge')", name="withdrawn"),
        sa.CheckConstraint("decides or withdrawn_at is not null", name="decides"),
        sa.Index("uq_clients_consent_decides", "workspace_id", "client_id", "purpose", unique=True, postgresql_where=sa.text("decides")),
    )

    client_id: Mapped[uuid.UUID] = reference("clients")
    purpose: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    how: Mapped[str | None]
    recorded_by: Mapped[uuid.UUID] = reference("user_roles")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    decides: Mapped[bool] = mapped_column(server_default="true")


health: sa.Table = metadata.tables["clients_health"]
consents: sa.Table = metadata.tables["clients_consent"]
