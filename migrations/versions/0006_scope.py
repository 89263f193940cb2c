"""Collaborators limited to their own clients; bearers of links; a person's own name and address."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "platform_0006"
down_revision = "platform_0005"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql((_SQL / "0006_scope.sql").read_text().replace("%", "%%"))


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_UNDO.replace("%", "%%"))
    for file, start in (("0001_enter.sql", "create function app.enter("), ("0001_enter.sql", "create function app.enter_user(")):
        op.get_bind().exec_driver_sql(_function(file, start).replace("%", "%%"))
    op.get_bind().exec_driver_sql(_function("0001_protect.sql", "create function app.protect(").replace("%", "%%"))
    op.get_bind().exec_driver_sql(_GRANTS)


def _function(file: str, start: str) -> str:
    """What the function was before."""
    text = (_SQL / file).read_text()
    begin = text.index(start)
    return text[begin : text.index("end $$;", begin) + len("end $$;")].replace("create function", "create or replace function", 1)


_UNDO = """
do $$
declare
  t regclass;
begin
  for t in select polrelid::regclass from pg_policy where polname = 'scope' loop
    execute format('drop policy scope on %s', t);
  end loop;
end $$;
alter table user_roles drop column client_scope;
set local role fitpro_guard;
drop function app.enter, app.enter_user;
reset role;
drop function app.limit_to_own, app.own_clients, app.own, app.capability, app.enter_bearer, app.email, app.full_name;
"""
_GRANTS = """
revoke all on function app.enter, app.enter_user from public;
grant execute on function app.enter to fitpro_app;
grant execute on function app.enter_user to fitpro_app, fitpro_auth;
alter function app.enter owner to fitpro_guard;
alter function app.enter_user owner to fitpro_guard;
"""
