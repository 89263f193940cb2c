"""Reads in the audit log, written by whoever reads."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0003"
down_revision = "platform_0002"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql((_SQL / "0003_reads.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    for statement in _UNDO:
        op.execute(statement)


_UNDO = (
    "drop policy cliente on audit_logs",
    "create policy cliente on audit_logs as restrictive to fitpro_app using ((select app.client() is null) or false)"
    " with check ((select app.client() is null) or false)",
    "revoke insert (workspace_id, table_name, record_id, client_id, after) on audit_logs from fitpro_app",
    "alter table audit_logs drop column client_id, alter column action drop default, alter column actor_id drop default,"
    " alter column actor drop default, alter column request_id drop default",
)
