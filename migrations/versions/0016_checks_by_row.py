"""What is written is checked row by row, without a subquery; the workspace is asked for without a call."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0016"
down_revision = "platform_0015"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_UNDO = """
do $$
declare
  p record;
begin
  for p in select polname as name, polrelid::regclass as source, pg_get_expr(polqual, polrelid) as shown from pg_policy
            where polname in ('tenant', 'cliente', 'scope') loop
    execute format('alter policy %I on %s with check (%s)', p.name, p.source, p.shown);
  end loop;
end $$;
alter policy own on idempotency_keys with check (user_id = (select app.usr()));
drop function app.check_by_row, app.by_row, app.no_workspace;
"""


def upgrade() -> None:
    _run((_SQL / "0016_checks_by_row.sql").read_text())


def downgrade() -> None:
    for name, function in (("0001_context.sql", "app.ws"), ("0006_scope.sql", "app.limit_to_own"), ("0009_seals.sql", "app.protect")):
        text = (_SQL / name).read_text()
        begin = text.index(f"function {function}(")
        _run("create or replace " + text[begin : text.index("end $$;", begin) + len("end $$;")])
    _run(_UNDO)


def _run(text: str) -> None:
    # The driver's own execute: SQLAlchemy would take the colons of casts for parameters.
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
