-- The truth of everything that happens later. Huey only rings the bell.
create table outbox (
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  v smallint not null default 1,
  payload jsonb not null,
  actor_id uuid,
  request_id text not null default '',
  created_at timestamptz not null default now(),
  constraint pk_outbox primary key (workspace_id, id)
);
select app.protect('outbox', cliente => 'true', audited => false);

-- module: the plugin that must be on; empty for a core plugin. handler: `plugin:hook` or `plugin:task`.
create table outbox_deliveries (
  workspace_id uuid not null,
  id uuid not null,
  event_id uuid,
  module text not null,
  handler text not null,
  queue text not null default 'default',
  key text,
  unique_key text,
  arguments jsonb,
  available_at timestamptz not null default now(),
  attempts smallint not null default 0,
  max_attempts smallint not null default 10,
  lease_token uuid,
  locked_until timestamptz,
  rung_at timestamptz,
  done_at timestamptz,
  dead_at timestamptz,
  skipped_at timestamptz,
  progress jsonb,
  last_error text,
  request_id text not null default '',
  created_at timestamptz not null default now(),
  constraint pk_outbox_deliveries primary key (workspace_id, id),
  constraint fk_outbox_deliveries_event foreign key (workspace_id, event_id) references outbox (workspace_id, id),
  constraint uq_outbox_deliveries_unique_key unique (workspace_id, handler, unique_key)
);
create index ix_outbox_deliveries_due on outbox_deliveries (available_at, id) where done_at is null and dead_at is null and skipped_at is null;
create index ix_outbox_deliveries_key on outbox_deliveries (workspace_id, key, id) where key is not null and done_at is null and dead_at is null and skipped_at is null;
create index ix_outbox_deliveries_event on outbox_deliveries (workspace_id, event_id);
select app.protect('outbox_deliveries', cliente => 'true', audited => false);
-- The relay sees control columns of every workspace, never a payload.
create policy relay on outbox_deliveries to fitpro_relay using (true) with check (true);
grant select (workspace_id, id, event_id, module, handler, queue, key, available_at, attempts, max_attempts, lease_token, locked_until, rung_at, done_at,
              dead_at, skipped_at, last_error, created_at),
      update (available_at, attempts, lease_token, locked_until, rung_at, done_at, dead_at, skipped_at, last_error)
   on outbox_deliveries to fitpro_relay;

-- Replies kept for 24 hours per person and workspace, written in the transaction of the effect.
create table idempotency_keys (
  user_id uuid not null,
  scope_id uuid not null,
  key text not null,
  operation text not null,
  fingerprint text not null,
  phase text,
  status smallint,
  headers jsonb,
  body bytea,
  locked_until timestamptz,
  holder uuid,  -- the attempt an unfinished outside operation belongs to
  created_at timestamptz not null default now(),
  constraint pk_idempotency_keys primary key (user_id, scope_id, key)
);
create index ix_idempotency_keys_created on idempotency_keys (created_at);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy own on idempotency_keys to fitpro_app, fitpro_auth using (user_id = (select app.usr())) with check (user_id = (select app.usr()));
create policy maintenance on idempotency_keys to fitpro_owner using ((select app.maintenance())) with check ((select app.maintenance()));
create policy backup on idempotency_keys for select to fitpro_backup using (true);
create policy sweep on idempotency_keys to fitpro_relay using (created_at < now() - interval '24 hours');
grant select, insert, update, delete on idempotency_keys to fitpro_app, fitpro_auth;
grant select on idempotency_keys to fitpro_backup;
grant delete on idempotency_keys to fitpro_relay;
grant select (created_at) on idempotency_keys to fitpro_relay;

-- Take a key in this transaction; 42F05 when it was taken before. A second request waits here for the first to end, 200 ms at most: 42F06.
create function app.claim_key(p_scope uuid, p_key text, p_operation text, p_fingerprint text, p_status smallint, p_headers jsonb, p_body bytea,
                              p_lease_s int, p_holder uuid) returns void
language plpgsql volatile as $$
declare
  patience text := pg_catalog.current_setting('lock_timeout');
begin
  perform pg_catalog.set_config('lock_timeout', '200ms', true);
  insert into public.idempotency_keys as k (user_id, scope_id, key, operation, fingerprint, status, headers, body, holder, locked_until)
    values (app.usr(), p_scope, p_key, p_operation, p_fingerprint, p_status, p_headers, p_body, p_holder,
            case when p_lease_s > 0 then pg_catalog.now() + pg_catalog.make_interval(secs => p_lease_s) end)
    on conflict (user_id, scope_id, key) do update
       set operation = excluded.operation, fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
           body = excluded.body, phase = null, locked_until = excluded.locked_until, holder = excluded.holder,
           created_at = pg_catalog.now()
     where k.created_at < pg_catalog.now() - interval '24 hours';
  if not found then
    raise exception 'key already used' using errcode = '42F05';
  end if;
  perform pg_catalog.set_config('lock_timeout', patience, true);
exception when lock_not_available then
  raise exception 'key in use' using errcode = '42F06';
end $$;
revoke all on function app.claim_key from public;
grant execute on function app.claim_key to fitpro_app, fitpro_auth;
