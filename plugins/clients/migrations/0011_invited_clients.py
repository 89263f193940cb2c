"""Invitations name a client that there is, and follow it into a merge, as memberships do; who read is told of all records of a client."""

from __future__ import annotations

from alembic import op

revision = "clients_0011"
down_revision = "clients_0010"
branch_labels = None
depends_on = None

# Where invitations are not there yet, their own migration adds the key.
_UPGRADE = """
create or replace function app.records_of(p_client uuid) returns uuid[] language plpgsql stable parallel safe as $$
begin
  return (select p_client || coalesce(array_agg(h.reference), '{}') from public.clients_history h
           where h.workspace_id = app.ws() and h.client_id = p_client and h.kind = 'clients.merged');
end $$;
do $$
begin
  if to_regclass('workspaces_invitation') is null
    or exists (select from pg_constraint where conname = 'fk_workspaces_invitation_client_id') then
    return;
  end if;
  loop
    update workspaces_invitation i set client_id = c.merged_into, version = i.version + 1 from clients c
     where c.workspace_id = i.workspace_id and c.id = i.client_id and c.merged_into is not null;
    exit when not found;
  end loop;
  update workspaces_invitation i set client_id = null, version = version + 1
   where client_id is not null and not exists (select from clients c where c.workspace_id = i.workspace_id and c.id = i.client_id);
  alter table workspaces_invitation add constraint fk_workspaces_invitation_client_id
    foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete set null (client_id);
end $$;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute(
        "create or replace function app.records_of(p_client uuid) returns uuid[] language plpgsql stable parallel safe"
        " as $$ begin return array[p_client]; end $$"
    )
    op.execute("alter table if exists workspaces_invitation drop constraint if exists fk_workspaces_invitation_client_id")
