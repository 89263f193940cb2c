"""Tables for work on many clients."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from plugins.clients.plugin import plugin
from plugins.sdk import Mapped, Model, mapped_column, metadata, reference, sa


class Import(Model, plugin=plugin):
    """A file of clients on its way in, and what became of it."""

    __table_args__ = (sa.CheckConstraint("mode in ('rows', 'all')", name="mode"),)

    job_id: Mapped[uuid.UUID]
    created_by: Mapped[uuid.UUID | None] = reference("user_roles", nullable=True)
    mode: Mapped[str]
    allow_duplicate: Mapped[bool]
    date_order: Mapped[str | None]
    charset: Mapped[str | None]
    file: Mapped[dict[str, Any]]
    total: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(server_default="0")
    added: Mapped[int] = mapped_column(server_default="0")
    present: Mapped[int] = mapped_column(server_default="0")
    duplicates: Mapped[int] = mapped_column(server_default="0")
    invalid: Mapped[int] = mapped_column(server_default="0")
    problems: Mapped[dict[str, Any]] = mapped_column(server_default="[]")
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Filter(Model, plugin=plugin):
    """A search that somebody keeps, for themself or for everybody in the workspace."""

    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "user_id", "name", name="uq_clients_filter_name"),
        sa.ForeignKeyConstraint(
            ["workspace_id", "user_id"], ["user_roles.workspace_id", "user_roles.user_id"], ondelete="CASCADE", name="fk_clients_filter_user_id"
        ),
    )

    user_id: Mapped[uuid.UUID]
    name: Mapped[str]
    shared: Mapped[bool]
    query: Mapped[dict[str, Any]]


files = sa.Table(
    "clients_import_file",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("import_id", sa.Uuid, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(
        ["workspace_id", "import_id"],
        ["clients_import.workspace_id", "clients_import.id"],
        ondelete="CASCADE",
        name="fk_clients_import_file_import_id",
    ),
    comment="unaudited",  # gone as soon as it was read
)
imported = sa.Table(
    "clients_imported",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.Text(collation="C"), primary_key=True),
    sa.Column("client_id", sa.Uuid, nullable=False),
    sa.Column("import_id", sa.Uuid),  # empty for rows from before it was kept
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.ForeignKeyConstraint(
        ["workspace_id", "client_id"], ["clients.workspace_id", "clients.id"], ondelete="CASCADE", name="fk_clients_imported_client_id"
    ),
    sa.ForeignKeyConstraint(
        ["workspace_id", "import_id"], ["clients_import.workspace_id", "clients_import.id"], ondelete="CASCADE", name="fk_clients_imported_import_id"
    ),
    sa.Index("ix_clients_imported_client_id", "workspace_id", "client_id"),
    sa.Index("ix_clients_imported_import_id", "workspace_id", "import_id"),
    comment="unaudited",  # derived from an audited table
)
