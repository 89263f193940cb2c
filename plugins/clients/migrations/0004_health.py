"""Health data and the consent behind it."""

from __future__ import annotations

from alembic import op

revision = "clients_0004"
down_revision = "clients_0003"
branch_labels = None
depends_on = None

_UPGRADE = """
create table clients_health (
  workspace_id uuid not null,
  id uuid not null,
  client_id uuid not null,
  sealed text not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients_health primary key (workspace_id, id),
  constraint uq_clients_health_client_id unique (workspace_id, client_id),
  constraint fk_clients_health_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete restrict
);
select app.protect('clients_health', masked => '{sealed}');

create table clients_consent (
  workspace_id uuid not null,
  id uuid not null,
  client_id uuid not null,
  purpose text not null,
  given_by text not null constraint ck_clients_consent_given_by check (given_by in ('self', 'staff_attested')),
  given_at timestamptz not null,
  how text,
  recorded_by uuid not null,
  withdrawn_at timestamptz,
  withdrawn_by text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_clients_consent primary key (workspace_id, id),
  constraint ck_clients_consent_withdrawn check ((withdrawn_at is null) = (withdrawn_by is null) and withdrawn_by in ('self', 'staff')),
  constraint fk_clients_consent_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete restrict,
  constraint fk_clients_consent_recorded_by foreign key (workspace_id, recorded_by) references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_clients_consent_client_id on clients_consent (workspace_id, client_id);
create index ix_clients_consent_recorded_by on clients_consent (workspace_id, recorded_by);
create unique index uq_clients_consent_in_force on clients_consent (workspace_id, client_id, purpose) where withdrawn_at is null;
select app.protect('clients_consent', masked => '{how}');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.execute("drop table clients_consent, clients_health")
