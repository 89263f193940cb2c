"""Tables of the client register."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from plugins.clients.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, sa, tables

# Byte order: a prefix is a range, the same under every locale.
_BYTES = sa.Text(collation="C")


class Client(Model, plugin=plugin):
    """A person the workspace works for; not necessarily one who signs in."""

    __tablename__ = "clients"
    __table_args__ = (
        sa.CheckConstraint("status in ('active', 'inactive', 'archived')", name="status"),
        sa.CheckConstraint("lifecycle_stage in ('lead', 'trial', 'client', 'former')", name="lifecycle_stage"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "assigned_to"], ["user_roles.workspace_id", "user_roles.user_id"], ondelete="RESTRICT", name="fk_clients_assigned_to"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "merged_into"], ["clients.workspace_id", "clients.id"], ondelete="RESTRICT", name="fk_clients_merged_into"
        ),
        sa.Index("ix_clients_merged_into", "workspace_id", "merged_into", postgresql_where=sa.text("merged_into is not null")),
        # Each ends with the id: a page is read in order, whatever it is filtered by.
        sa.Index("ix_clients_assigned_to", "workspace_id", "assigned_to", "id"),
        sa.Index("ix_clients_search_name", "workspace_id", "search_name", "id"),
        sa.Index("ix_clients_status", "workspace_id", "status", "id"),
    )

    full_name: Mapped[str]
    search_name: Mapped[str] = mapped_column(_BYTES)
    email: Mapped[str | None]
    phone: Mapped[str | None]
    birth_date: Mapped[date | None]
    status: Mapped[str] = mapped_column(server_default="active")
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    notes: Mapped[str | None]
    assigned_to: Mapped[uuid.UUID | None]
    archived_at: Mapped[datetime | None]
    merged_into: Mapped[uuid.UUID | None]
    lifecycle_stage: Mapped[str] = mapped_column(server_default="client")
    lifecycle_since: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    custom_fields: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


clients: sa.Table = metadata.tables["clients"]

# One row per word of a name, address and tag: prefix ranges on it use their index under row-level security, as ILIKE cannot.
terms = sa.Table(
    "clients_term",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("client_id", sa.Uuid, primary_key=True),
    sa.Column("term", _BYTES, primary_key=True),
    # Of a record that was merged into theirs: theirs, whatever their own comes to say.
    sa.Column("merged", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_clients_term_term", "workspace_id", "term", "client_id"),
    comment="unaudited",  # derived from an audited table
)

# The membership of a Cliente names their record. It belongs here: without this plugin the column refers to nothing.
tables.user_roles.append_constraint(
    sa.ForeignKeyConstraint(
        ["workspace_id", "client_id"], ["clients.workspace_id", "clients.id"], ondelete="SET NULL (client_id)",
        name="fk_user_roles_client_id", use_alter=True,
    )
)  # fmt: skip
