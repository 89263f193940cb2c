"""The gate sets its settings in one expression: as a query of several columns it cost the executor's start and end, a quarter of the gate."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0011"
down_revision = "platform_0010"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql((_SQL / "0011_enter.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    before = (_SQL / "0010_api_keys.sql").read_text()
    begin = before.index("create or replace function app.enter(")
    gate = before[begin : before.index("end $$;", begin) + len("end $$;")]
    op.get_bind().exec_driver_sql(f"set local role fitpro_guard; {gate} reset role".replace("%", "%%"))
