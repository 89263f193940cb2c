"""The table of what happened to clients and is told by no other row."""

from __future__ import annotations

from plugins.sdk import metadata, sa

history = sa.Table(
    "clients_history",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("client_id", sa.Uuid, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.Text),
    sa.Column("reference", sa.Uuid),
    sa.CheckConstraint("kind in ('clients.stage', 'clients.archived', 'clients.restored', 'clients.health', 'clients.merged')", name="kind"),
    sa.ForeignKeyConstraint(
        ["workspace_id", "client_id"], ["clients.workspace_id", "clients.id"], ondelete="CASCADE", name="fk_clients_history_client_id"
    ),
    sa.Index("ix_clients_history_listed", "workspace_id", "client_id", "at"),
    comment="unaudited",  # told by the audit of the tables it speaks of
)
