"""Values of audit entries are erased by a record that names them; an entry's time is when it was written."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0014"
down_revision = "platform_0013"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    _run((_SQL / "0014_erasures.sql").read_text())


def downgrade() -> None:
    before = (_SQL / "0009_seals.sql").read_text()
    begin = before.index("create or replace function app.audit_is_append_only(")
    _run(before[begin : before.index("end $$;", begin) + len("end $$;")])
    op.execute("select set_config('app.maintenance', 'on', true)")
    op.execute("alter table audit_logs disable trigger append_only")
    op.execute("delete from audit_logs where action = 'erase'")
    op.execute("""
        alter table audit_logs alter column at set default now(),
          drop constraint ck_audit_logs_action,
          add constraint ck_audit_logs_action check (action in ('insert', 'update', 'delete', 'read', 'purge', 'park'))""")
    op.execute("alter table audit_logs enable trigger append_only")


def _run(text: str) -> None:
    # The driver's own execute: SQLAlchemy would take the colons of casts for parameters.
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
