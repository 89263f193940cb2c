"""The audit entry of a new row names what it has, and leaves out what is empty."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0023"
down_revision = "platform_0022"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    _run((_SQL / "0023_audit.sql").read_text())


def downgrade() -> None:
    before = (_SQL / "0017_audit_at_less.sql").read_text()
    _run(before[before.index("set local role fitpro_guard;") :])


def _run(text: str) -> None:
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
