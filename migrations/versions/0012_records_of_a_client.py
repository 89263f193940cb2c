"""Who was merged with another record goes on seeing who read either."""

from __future__ import annotations

from alembic import op

revision = "platform_0012"
down_revision = "platform_0011"
branch_labels = None
depends_on = None

_UPGRADE = """
-- The records of the client who is asking. The plugin that keeps clients replaces it: one person may have had several.
create function app.client_records() returns uuid[] language plpgsql stable parallel safe as $$ begin return array[app.client()]; end $$;
revoke all on function app.client_records from public;
grant execute on function app.client_records to fitpro_app;
drop policy cliente on audit_logs;
create policy cliente on audit_logs as restrictive to fitpro_app
  using ((select app.client() is null) or (action = 'read' and client_id = any ((select app.client_records())::uuid[])))
  with check ((select app.client() is null) or (action = 'read' and client_id = any ((select app.client_records())::uuid[])));
"""
_DOWNGRADE = """
drop policy cliente on audit_logs;
create policy cliente on audit_logs as restrictive to fitpro_app
  using ((select app.client() is null) or (action = 'read' and client_id = (select app.client())))
  with check ((select app.client() is null) or (action = 'read' and client_id = (select app.client())));
drop function app.client_records;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_DOWNGRADE)
