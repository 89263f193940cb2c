"""API keys: who made them, what they may do, when they were last used; the gate lets them in."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0010"
down_revision = "platform_0009"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql((_SQL / "0010_api_keys.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    before = (_SQL / "0006_scope.sql").read_text()
    begin = before.index("create function app.enter(")
    gate = before[begin : before.index("end $$;", begin) + len("end $$;")].replace("create function", "create or replace function", 1)
    op.get_bind().exec_driver_sql(f"set local role fitpro_guard; {gate} reset role; drop table api_key_uses, api_keys".replace("%", "%%"))
