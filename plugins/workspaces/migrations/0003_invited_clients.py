"""Invitations name a client that there is: the key is the other plugin's to add where it came later, and added here where it was first."""

from __future__ import annotations

from alembic import op

revision = "workspaces_0003"
down_revision = "workspaces_0002"
branch_labels = None
depends_on = None

_UPGRADE = """
create index ix_workspaces_invitation_client on workspaces_invitation (workspace_id, client_id) where client_id is not null;
do $$
begin
  if to_regclass('clients') is not null and not exists (select from pg_constraint where conname = 'fk_workspaces_invitation_client_id') then
    alter table workspaces_invitation add constraint fk_workspaces_invitation_client_id
      foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete set null (client_id);
  end if;
end $$;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("alter table workspaces_invitation drop constraint if exists fk_workspaces_invitation_client_id")
    op.execute("drop index ix_workspaces_invitation_client")
