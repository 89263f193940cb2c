"""An entry of the audit costs less to write: its action is of a domain, and fewer steps lead to it."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0017"
down_revision = "platform_0016"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_UNDO = """
drop policy cliente on audit_logs;
alter table audit_logs
  alter column action type text,
  add constraint ck_audit_logs_action check (action in ('insert', 'update', 'delete', 'read', 'purge', 'park', 'erase'));
create policy cliente on audit_logs as restrictive to fitpro_app
  using ((select app.client() is null) or (action = 'read' and client_id = any ((select app.client_records())::uuid[])));
select app.check_by_row('audit_logs');
drop domain audit_action;
"""


def upgrade() -> None:
    _run((_SQL / "0017_audit_at_less.sql").read_text())


def downgrade() -> None:
    before = (_SQL / "0009_seals.sql").read_text()
    begin = before.index("create or replace function app.audit()")
    _run(f"set local role fitpro_guard; {before[begin : before.index('end $$;', begin) + len('end $$;')]} reset role;")
    _run(_UNDO)


def _run(text: str) -> None:
    # The driver's own execute: SQLAlchemy would take the colons of casts for parameters.
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
