"""Collaborators limited to their own clients: which those are."""

from __future__ import annotations

from alembic import op

revision = "clients_0002"
down_revision = "clients_0001"
branch_labels = None
depends_on = None

_UPGRADE = """
create or replace function app.own_clients() returns uuid[] language plpgsql stable parallel safe as $$
begin
  return (select coalesce(array_agg(c.id), '{}') from public.clients c where c.workspace_id = app.ws() and c.assigned_to = app.own());
end $$;
select app.limit_to_own('clients', 'assigned_to = (select app.own())');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("create or replace function app.own_clients() returns uuid[] language plpgsql stable parallel safe as $$ begin return '{}'; end $$")
    op.execute("drop policy scope on clients")
