"""The gate tells a member one text, and compares it to what the caller presumed."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0022"
down_revision = "platform_0021"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_GRANTS = "revoke all on function app.enter from public; grant execute on function app.enter to fitpro_app;"


def upgrade() -> None:
    _run((_SQL / "0022_enter.sql").read_text())


def downgrade() -> None:
    _run("set local role fitpro_guard; drop function app.enter; reset role;")
    before = (_SQL / "0011_enter.sql").read_text()
    _run(before.replace("reset role;", f"{_GRANTS} reset role;"))


def _run(text: str) -> None:
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
