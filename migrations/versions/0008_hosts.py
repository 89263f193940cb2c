"""Verified domains select workspaces; how a workspace writes the time of day."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0008"
down_revision = "platform_0007"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql" / "0008_hosts.sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_SQL.read_text().replace("%", "%%"))


def downgrade() -> None:
    op.execute("alter table workspaces drop column time_format")
    op.execute("revoke select (id, name, locale, branding) on workspaces from fitpro_auth")
    op.execute("drop policy hosts on workspaces")
    op.execute("drop index ix_claims_workspace_id")
    op.execute("revoke select (workspace_id, kind, value) on claims from fitpro_auth")
    op.execute("drop policy hosts on claims")
