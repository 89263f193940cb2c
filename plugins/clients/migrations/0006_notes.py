"""Notes about clients, and times in which less is expected of them."""

from __future__ import annotations

from alembic import op

revision = "clients_0006"
down_revision = "clients_0005"
branch_labels = None
depends_on = None

_UPGRADE = """
create table clients_notes (
  workspace_id uuid not null,
  id uuid not null,
  client_id uuid not null,
  author_id uuid not null,
  body text not null,
  visibility text not null constraint ck_clients_notes_visibility check (visibility in ('private', 'shared')),
  pinned boolean not null,
  removed_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients_notes primary key (workspace_id, id),
  constraint fk_clients_notes_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete restrict,
  constraint fk_clients_notes_author_id foreign key (workspace_id, author_id) references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_clients_notes_author_id on clients_notes (workspace_id, author_id);
create index ix_clients_notes_listed on clients_notes (workspace_id, client_id, pinned, id);
-- Not masked: what a note said before an edit is told by the audit log alone.
select app.protect('clients_notes', cliente => $$client_id = (select app.client()) and visibility = 'shared' and removed_at is null$$);

create table clients_exclusion (
  workspace_id uuid not null,
  id uuid not null,
  client_id uuid not null,
  kind text not null constraint ck_clients_exclusion_kind check (kind in ('injury', 'holiday', 'sick', 'other')),
  starts_on date not null,
  ends_on date,
  reason text,
  expected_adherence smallint not null constraint ck_clients_exclusion_expected_adherence check (expected_adherence between 0 and 100),
  removed_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients_exclusion primary key (workspace_id, id),
  constraint ck_clients_exclusion_days check (ends_on >= starts_on),
  constraint fk_clients_exclusion_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete restrict
);
create index ix_clients_exclusion_listed on clients_exclusion (workspace_id, client_id, starts_on, id);
select app.protect('clients_exclusion', masked => '{kind,reason}');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("drop table clients_exclusion, clients_notes")
