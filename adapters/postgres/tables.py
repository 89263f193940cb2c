"""The platform's own tables that plugins may read and refer to, as SQLAlchemy tables. Their DDL is in migrations/sql."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.model import metadata

_now = sa.func.now()


def _at(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=None if nullable else _now)


users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("full_name", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False, server_default="en"),
    _at("email_verified_at", nullable=True),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    _at("created_at"),
    _at("updated_at"),
    sa.UniqueConstraint("email", name="uq_users_email"),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_sessions_user"), nullable=False),
    sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
    _at("created_at"),
    _at("last_used_at"),
    _at("authenticated_at"),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    _at("revoked_at", nullable=True),
    sa.Index("ix_sessions_user", "user_id"),
)
workspaces = sa.Table(
    "workspaces",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False, server_default="UTC"),
    sa.Column("currency", sa.Text, nullable=False, server_default="EUR"),
    sa.Column("locale", sa.Text, nullable=False, server_default="en"),
    sa.Column("week_start", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("time_format", sa.Text, nullable=False, server_default="24h"),
    sa.Column("branding", JSONB, nullable=False, server_default="{}"),
    sa.Column("modules", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    _at("created_at"),
    _at("updated_at"),
)
user_roles = sa.Table(
    "user_roles",
    metadata,
    sa.Column("workspace_id", sa.Uuid, sa.ForeignKey("workspaces.id", name="fk_user_roles_workspace"), primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_user_roles_user"), primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("client_id", sa.Uuid),
    sa.Column("full_name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    _at("created_at"),
    _at("updated_at"),
    _at("ended_at", nullable=True),
    sa.Column("client_scope", sa.Text, nullable=False, server_default="all"),
    _at("trusted_from", nullable=True),
    sa.UniqueConstraint("workspace_id", "client_id", name="uq_user_roles_client"),
    sa.Index("ix_user_roles_user", "user_id", postgresql_where=sa.text("ended_at is null")),
)
workspace_modules = sa.Table(
    "workspace_modules",
    metadata,
    sa.Column("workspace_id", sa.Uuid, sa.ForeignKey("workspaces.id", name="fk_workspace_modules_workspace"), primary_key=True),
    sa.Column("module", sa.Text, primary_key=True),
    sa.Column("settings", JSONB, nullable=False, server_default="{}"),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    _at("changed_at"),
    sa.Column("changed_by", sa.Uuid),
    sa.Column("secrets", JSONB),
)
audit_logs = sa.Table(
    "audit_logs",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("app.new_id()")),
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    _at("at"),
    sa.Column("actor_id", sa.Uuid),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),
    sa.Column("before", JSONB),
    sa.Column("after", JSONB),
    sa.Column("client_id", sa.Uuid),
    sa.Column("salt", sa.Uuid, server_default=sa.text("gen_random_uuid()")),
    sa.Index("ix_audit_logs_seq", "workspace_id", "seq"),
    sa.Index("ix_audit_logs_record", "workspace_id", "table_name", "record_id", "id"),
    sa.Index("ix_audit_logs_client", "workspace_id", "client_id", "id", postgresql_where=sa.text("client_id is not null")),
    comment="unaudited",  # what app.protect says of a table without audit triggers
)
audit_seals = sa.Table(
    "audit_seals",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("entries", sa.ARRAY(sa.Uuid), nullable=False),
    sa.Column("proofs", sa.LargeBinary, nullable=False),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("through", sa.BigInteger, nullable=False),
    sa.Column("settled", sa.BigInteger, nullable=False),
    sa.Column("horizon", sa.BigInteger, nullable=False),
    sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_audit_seals_through", "workspace_id", "through"),
    sa.Index("ix_audit_seals_first", "workspace_id", "first"),
    comment="unaudited",
)
outbox_deliveries = sa.Table(
    "outbox_deliveries",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("handler", sa.Text, nullable=False),
    sa.Column("progress", JSONB),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    _at("done_at", nullable=True),
    _at("dead_at", nullable=True),
    _at("skipped_at", nullable=True),
    sa.Column("last_error", sa.Text),
    _at("created_at"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("replaces", sa.Uuid),
    _at("expires_at", nullable=True),
    _at("rotated_at", nullable=True),
    _at("revoked_at", nullable=True),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    _at("created_at"),
    _at("updated_at"),
    sa.ForeignKeyConstraint(["workspace_id", "user_id"], ["user_roles.workspace_id", "user_roles.user_id"], name="fk_api_keys_user"),
    sa.Index("ix_api_keys_user", "workspace_id", "user_id"),
    sa.Index("ix_api_keys_id", "id"),
)
api_key_uses = sa.Table(
    "api_key_uses",
    metadata,
    sa.Column("workspace_id", sa.Uuid, primary_key=True),
    sa.Column("key_id", sa.Uuid, primary_key=True),
    sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(["workspace_id", "key_id"], ["api_keys.workspace_id", "api_keys.id"], name="fk_api_key_uses_key", ondelete="CASCADE"),
    comment="unaudited",
)

PLATFORM = frozenset(
    {"users", "sessions", "workspaces", "user_roles", "workspace_modules", "audit_logs", "audit_seals", "outbox_deliveries", "outbox"}
    | {"api_keys", "api_key_uses"}
)
"""What a plugin's foreign keys may point to besides the tables of plugins it requires."""
