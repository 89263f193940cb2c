"""The platform: context, protection, audit, tenancy, the gate, the outbox."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0001"
down_revision = None
branch_labels = ("platform",)
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_ORDER = ("context", "protect", "audit", "tenancy", "enter", "outbox")


def upgrade() -> None:
    for name in _ORDER:
        # The driver's own execute: SQLAlchemy would take the colons of casts for parameters.
        op.get_bind().exec_driver_sql((_SQL / f"0001_{name}.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    op.execute(
        "drop table outbox_deliveries, outbox, idempotency_keys, claims, workspace_modules, user_roles, workspaces, sessions, users, audit_logs"
    )
    op.execute("drop schema app cascade")
