"""Two records of one person: which consent decides, and what is remembered of both."""

from __future__ import annotations

from alembic import op

revision = "clients_0008"
down_revision = "clients_0007"
branch_labels = None
depends_on = None

_UPGRADE = """
-- Of each client and purpose one consent decides: the last one given, also when it was taken back. Two records that become one bring two.
alter table clients_consent add column decides boolean not null default true;
alter table clients_consent disable trigger user;
update clients_consent k set decides = false where exists (
  select from clients_consent n where n.workspace_id = k.workspace_id and n.client_id = k.client_id and n.purpose = k.purpose and n.id > k.id);
alter table clients_consent enable trigger user;
alter table clients_consent drop constraint ck_clients_consent_withdrawn,
  add constraint ck_clients_consent_withdrawn
    check ((withdrawn_at is null) = (withdrawn_by is null) and withdrawn_by in ('self', 'staff', 'merge')),
  add constraint ck_clients_consent_decides check (decides or withdrawn_at is not null);
drop index uq_clients_consent_in_force;
create unique index uq_clients_consent_decides on clients_consent (workspace_id, client_id, purpose) where decides;

-- What happened to clients and is told by no other row.
create table clients_history (
  workspace_id uuid not null,
  id uuid not null,
  client_id uuid not null,
  at timestamptz not null,
  kind text not null constraint ck_clients_history_kind
    check (kind in ('clients.stage', 'clients.archived', 'clients.restored', 'clients.health', 'clients.merged')),
  detail text,
  reference uuid,
  constraint pk_clients_history primary key (workspace_id, id),
  constraint fk_clients_history_client_id foreign key (workspace_id, client_id) references clients (workspace_id, id) on delete cascade
);
create index ix_clients_history_listed on clients_history (workspace_id, client_id, at);
select app.protect('clients_history', audited => false);
insert into clients_history (workspace_id, id, client_id, at, kind, detail, reference)
select workspace_id, gen_random_uuid(), id, lifecycle_since, 'clients.stage', lifecycle_stage, null::uuid from clients
  where lifecycle_since <> created_at
union all select workspace_id, gen_random_uuid(), id, archived_at, 'clients.archived', null, null from clients
  where archived_at <> created_at and merged_into is null
union all select workspace_id, gen_random_uuid(), merged_into, archived_at, 'clients.merged', full_name, id from clients where merged_into is not null
union all select workspace_id, gen_random_uuid(), client_id, updated_at, 'clients.health', null, null from clients_health;

-- Rows about a client follow them into a merge, so this holds however often a record was merged before.
create or replace function app.client_records() returns uuid[] language plpgsql stable parallel safe as $$
begin
  return (select app.client() || coalesce(array_agg(h.reference), '{}') from public.clients_history h
           where h.workspace_id = app.ws() and h.client_id = app.client() and h.kind = 'clients.merged');
end $$;

alter table clients_imported add column import_id uuid, add column at timestamptz not null default now(),
  add constraint fk_clients_imported_import_id
    foreign key (workspace_id, import_id) references clients_import (workspace_id, id) on delete cascade;
update clients_imported i set at = c.created_at from clients c where c.workspace_id = i.workspace_id and c.id = i.client_id;
create index ix_clients_imported_import_id on clients_imported (workspace_id, import_id);
"""
_DOWNGRADE = """
create or replace function app.client_records() returns uuid[] language plpgsql stable parallel safe as $$ begin return array[app.client()]; end $$;
drop index ix_clients_imported_import_id;
alter table clients_imported drop column import_id, drop column at;
drop table clients_history;
drop index uq_clients_consent_decides;
alter table clients_consent disable trigger user;
update clients_consent set withdrawn_by = 'staff' where withdrawn_by = 'merge';
alter table clients_consent enable trigger user;
alter table clients_consent drop column decides, drop constraint ck_clients_consent_withdrawn,
  add constraint ck_clients_consent_withdrawn check ((withdrawn_at is null) = (withdrawn_by is null) and withdrawn_by in ('self', 'staff'));
create unique index uq_clients_consent_in_force on clients_consent (workspace_id, client_id, purpose) where withdrawn_at is null;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_UPGRADE)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(_DOWNGRADE)
