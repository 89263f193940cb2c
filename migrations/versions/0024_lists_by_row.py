"""What is written is checked without a subquery for whom a link is of, and without a table of the ids that may be."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0024"
down_revision = "platform_0023"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    _run((_SQL / "0024_lists_by_row.sql").read_text())


def downgrade() -> None:
    before, now = ((_SQL / name).read_text() for name in ("0016_checks_by_row.sql", "0024_lists_by_row.sql"))
    begin = before.index("function app.by_row(")
    _run("create or replace " + before[begin : before.index("$$;", begin) + len("$$;")])
    _run(now[now.index("do $$") :])


def _run(text: str) -> None:
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
