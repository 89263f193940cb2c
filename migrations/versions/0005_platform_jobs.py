"""Jobs of the platform itself, which belong to no workspace."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0005"
down_revision = "platform_0004"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    _run("0005_platform_jobs")


def downgrade() -> None:
    op.execute("select set_config('app.maintenance', 'on', true)")
    _run("0005_platform_jobs_undo")


def _run(name: str) -> None:
    op.get_bind().exec_driver_sql((_SQL / f"{name}.sql").read_text().replace("%", "%%"))
