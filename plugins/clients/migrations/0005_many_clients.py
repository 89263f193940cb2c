"""Work on many clients: imports, merges, saved filters."""

from __future__ import annotations

from alembic import op

revision = "clients_0005"
down_revision = "clients_0004"
branch_labels = None
depends_on = None

_UPGRADE = """
alter table clients add column merged_into uuid,
  add constraint fk_clients_merged_into foreign key (workspace_id, merged_into) references clients (workspace_id, id) on delete restrict;
create index ix_clients_merged_into on clients (workspace_id, merged_into) where merged_into is not null;

create table clients_import (
  workspace_id uuid not null,
  id uuid not null,
  job_id uuid not null,
  created_by uuid,
  mode text not null constraint ck_clients_import_mode check (mode in ('rows', 'all')),
  allow_duplicate boolean not null,
  date_order text,
  charset text,
  file jsonb not null,
  total bigint not null default 0,
  done bigint not null default 0,
  added bigint not null default 0,
  present bigint not null default 0,
  duplicates bigint not null default 0,
  invalid bigint not null default 0,
  problems jsonb not null default '[]',
  finished_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients_import primary key (workspace_id, id),
  constraint fk_clients_import_created_by foreign key (workspace_id, created_by) references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_clients_import_created_by on clients_import (workspace_id, created_by);
select app.protect('clients_import', masked => '{problems}');

-- The file of an import that is not finished; gone with its last row.
create table clients_import_file (
  workspace_id uuid not null,
  import_id uuid not null,
  content bytea not null,
  constraint pk_clients_import_file primary key (workspace_id, import_id),
  constraint fk_clients_import_file_import_id foreign key (workspace_id, import_id) references clients_import (workspace_id, id) on delete cascade
);
select app.protect('clients_import_file', audited => false);

-- Rows that were imported: in whatever file they come again, they add nobody.
create table clients_imported (
  workspace_id uuid not null,
  key text collate "C" not null,
  client_id uuid not null,
  constraint pk_clients_imported primary key (workspace_id, key),
  constraint fk_clients_imported_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete cascade
);
create index ix_clients_imported_client_id on clients_imported (workspace_id, client_id);
select app.protect('clients_imported', audited => false);

create table clients_filter (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  name text not null,
  shared boolean not null,
  query jsonb not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients_filter primary key (workspace_id, id),
  constraint uq_clients_filter_name unique (workspace_id, user_id, name),
  constraint fk_clients_filter_user_id foreign key (workspace_id, user_id) references user_roles (workspace_id, user_id) on delete cascade
);
select app.protect('clients_filter');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("drop table clients_filter, clients_imported, clients_import_file, clients_import")
    op.execute("alter table clients drop column merged_into")
