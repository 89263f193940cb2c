"""The client register."""

from __future__ import annotations

from alembic import op

revision = "clients_0001"
down_revision = None
branch_labels = ("clients",)
depends_on = None

_UPGRADE = """
create table clients (
  workspace_id uuid not null,
  id uuid not null,
  full_name text not null,
  search_name text collate "C" not null,
  email text,
  phone text,
  birth_date date,
  status text not null default 'active' constraint ck_clients_status check (status in ('active', 'inactive', 'archived')),
  tags text[] not null default '{}',
  notes text,
  assigned_to uuid,
  archived_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients primary key (workspace_id, id),
  constraint fk_clients_assigned_to foreign key (workspace_id, assigned_to) references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_clients_search_name on clients (workspace_id, search_name, id);
create index ix_clients_status on clients (workspace_id, status, id);
create index ix_clients_assigned_to on clients (workspace_id, assigned_to, id);
select app.protect('clients', cliente => 'id = (select app.client())', masked => '{email,phone,notes}');

create table clients_term (
  workspace_id uuid not null,
  client_id uuid not null,
  term text collate "C" not null,
  -- No foreign key: one check per term is a tenth of what making a client costs, and only this plugin writes here, with its clients.
  constraint pk_clients_term primary key (workspace_id, client_id, term)
);
create index ix_clients_term_term on clients_term (workspace_id, term, client_id);
select app.protect('clients_term', audited => false);

alter table user_roles add constraint fk_user_roles_client_id
  foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete set null (client_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("alter table user_roles drop constraint fk_user_roles_client_id")
    op.execute("drop table clients_term, clients")
