"""Invitations to join."""

from __future__ import annotations

from alembic import op

revision = "workspaces_0002"
down_revision = "workspaces_0001"
branch_labels = None
depends_on = None

_UPGRADE = """
create table workspaces_invitation (
  workspace_id uuid not null,
  id uuid not null,
  email text not null,
  full_name text,
  role text not null constraint ck_workspaces_invitation_role check (role in ('Owner', 'Colaborador', 'Cliente')),
  client_id uuid constraint ck_workspaces_invitation_client check (client_id is null or role = 'Cliente'),
  client_scope text not null default 'all'
    constraint ck_workspaces_invitation_client_scope check (client_scope = 'all' or (client_scope = 'own' and role = 'Colaborador')),
  digest bytea not null,
  mailing smallint not null default 1,
  invited_by uuid not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_workspaces_invitation primary key (workspace_id, id),
  constraint uq_workspaces_invitation_digest unique (workspace_id, digest),
  constraint fk_workspaces_invitation_invited_by foreign key (workspace_id, invited_by) references user_roles (workspace_id, user_id)
);
create unique index uq_workspaces_invitation_open on workspaces_invitation (workspace_id, email) where accepted_at is null and revoked_at is null;
create index ix_workspaces_invitation_invited_by on workspaces_invitation (workspace_id, invited_by, id);
-- No key to clients: they are another plugin's, which is asked when somebody is invited; the membership has the key.
-- Whoever holds the link of an invitation is shown that one alone.
select app.protect('workspaces_invitation', cliente => 'digest = (select app.capability())', masked => '{email,full_name,digest}');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("drop table workspaces_invitation")
