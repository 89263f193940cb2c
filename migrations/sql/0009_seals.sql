-- Entries get ids of their own workspace's time instead of one sequence whose gaps tell of other workspaces, a salt for their values, and seals.
-- `seq` stays inside: it tells the sealing worker what it has looked at.
do $$
begin
  if to_regprocedure('pg_catalog.uuidv7()') is not null then
    create function app.new_id() returns uuid language sql volatile parallel safe as 'select pg_catalog.uuidv7()';
  else
    -- Version 7 with the microsecond in rand_a, so that the entries of one transaction stay in order.
    create function app.new_id() returns uuid language plpgsql volatile parallel safe as $f$
    declare
      us bigint := (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::bigint;
    begin
      return pg_catalog.encode(pg_catalog.int8send(((us / 1000) << 16) | 28672 | ((us % 1000) * 4))
        || pg_catalog.substring(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 9), 'hex')::uuid;
    end $f$;
  end if;
end $$;
revoke all on function app.new_id from public;
grant execute on function app.new_id to fitpro_app, fitpro_auth, fitpro_guard;

alter table audit_logs disable trigger append_only;
alter table audit_logs rename column id to seq;
alter table audit_logs add column id uuid, add column salt uuid default gen_random_uuid();
update audit_logs l set id = made.id
  from (select workspace_id, seq, encode(int8send(((extract(epoch from at) * 1000)::bigint << 16) | 28672)
                 || int8send((-9223372036854775808) | row_number() over (partition by workspace_id order by seq)), 'hex')::uuid as id
          from audit_logs) made
 where made.workspace_id = l.workspace_id and made.seq = l.seq;
alter table audit_logs alter column id set not null, alter column id set default app.new_id(),
  drop constraint pk_audit_logs, add constraint pk_audit_logs primary key (workspace_id, id),
  drop constraint ck_audit_logs_action,
  add constraint ck_audit_logs_action check (action in ('insert', 'update', 'delete', 'read', 'purge', 'park'));
drop index ix_audit_logs_record, ix_audit_logs_client;
create index ix_audit_logs_seq on audit_logs (workspace_id, seq);
create index ix_audit_logs_record on audit_logs (workspace_id, table_name, record_id, id);
create index ix_audit_logs_client on audit_logs (workspace_id, client_id, id) where client_id is not null;
alter table audit_logs enable trigger append_only;

-- Erasing takes the values of an entry and their salt away, and nothing else. Only the owner can, and has to say so.
create or replace function app.audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and tg_table_name = 'audit_logs' and session_user = 'fitpro_owner' and current_setting('app.erasing', true) = 'on' then
    if tg_level = 'STATEMENT' then
      return null;
    elsif to_jsonb(new) = to_jsonb(old) || '{"before": null, "after": null, "salt": null}' then
      return new;
    end if;
  end if;
  raise exception '% is append-only', tg_table_name using errcode = '42501', detail = 'append_only';
end $$;
create trigger erased_only before update on audit_logs for each row execute function app.audit_is_append_only();

-- A seal per minute of activity. entries: ids in the order of their positions, from `first` on. proofs: 64 bytes each, the hash of what
-- was done and the hash of its salted values. head: the hash of this seal and, through `previous`, of all before it; signed outside the database.
-- through: the largest seq sealed so far. settled: up to where no transaction can add an entry any more, so what turns up there was inserted.
-- horizon: the next transaction when this seal looked.
create table audit_seals (
  workspace_id uuid not null,
  number bigint not null,
  first bigint not null,
  entries uuid[] not null,
  proofs bytea not null,
  previous bytea not null,
  head bytea not null,
  key bytea not null,
  signature bytea not null,
  through bigint not null,
  settled bigint not null,
  horizon bigint not null,
  sealed_at timestamptz not null,
  constraint pk_audit_seals primary key (workspace_id, number)
);
create index ix_audit_seals_through on audit_seals (workspace_id, through);
create index ix_audit_seals_first on audit_seals (workspace_id, first);
alter table audit_seals alter column proofs set storage external;
select app.protect('audit_seals', audited => false);
revoke update, delete on audit_seals from fitpro_app;
create trigger append_only before update or delete or truncate on audit_seals for each statement execute function app.audit_is_append_only();

-- Row by row: a third of the cost of a transition table for the one row that most statements touch, and no more for thousands.
-- Arguments: masked columns, workspace column, record column; an action of its own, and the columns that go with it.
set local role fitpro_guard;
create or replace function app.audit() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  hidden text[] := tg_argv[0];
  action text := lower(tg_op);
  was jsonb;
  became jsonb;
  here uuid;
  record text;
  k text;
begin
  if tg_op = 'INSERT' then
    became := to_jsonb(new);
    here := became ->> tg_argv[1];
    record := became ->> tg_argv[2];
  elsif tg_op = 'DELETE' then
    -- Only the owner's purge may do without a row per row; it writes one summary.
    if current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
      return null;
    end if;
    was := to_jsonb(old);
    here := was ->> tg_argv[1];
    record := was ->> tg_argv[2];
  else
    was := to_jsonb(old);
    became := to_jsonb(new);
    here := became ->> tg_argv[1];
    record := became ->> tg_argv[2];
    -- An entry is found by the key, so a key that changed would leave no trace.
    if here is distinct from (was ->> tg_argv[1])::uuid or record is distinct from was ->> tg_argv[2] then
      raise exception 'the key of a row cannot change' using errcode = '23514';
    end if;
    if tg_nargs > 3 then
      action := tg_argv[3];
      was := null;
      became := (select jsonb_object_agg(e.key, e.value) from jsonb_each(became) e where e.key = any (tg_argv[4]::text[]));
    else
      select jsonb_object_agg(e.key, was -> e.key), jsonb_object_agg(e.key, e.value) into was, became
        from jsonb_each(became) e where was -> e.key is distinct from e.value;
      if became is null then
        return null;
      end if;
    end if;
  end if;
  foreach k in array hidden loop
    if was -> k <> 'null' then
      was := jsonb_set(was, array[k], '"***"');
    end if;
    if became -> k <> 'null' then
      became := jsonb_set(became, array[k], '"***"');
    end if;
  end loop;
  insert into public.audit_logs (workspace_id, actor_id, actor, request_id, action, table_name, record_id, before, after)
  values (here, nullif(current_setting('app.user_id', true), '')::uuid,
          coalesce(nullif(current_setting('app.actor', true), ''), case session_user when 'fitpro_relay' then 'system' else session_user end),
          coalesce(current_setting('app.request_id', true), ''), action, tg_table_name, record, was, became);
  return null;
end $$;
drop function app.masked;
reset role;

-- As in 0006_scope.sql, but for the triggers.
create or replace function app.protect(
  p_table regclass, masked text[] default '{}', cliente text default null, workspace text default 'workspace_id',
  record text default 'id', audited boolean default true
) returns void language plpgsql as $$
declare
  of_client boolean := exists (select from pg_attribute where attrelid = p_table and attname = 'client_id' and not attisdropped);
  owner_rows text := coalesce(cliente, case when of_client then 'client_id = (select app.client())' else 'false' end);
begin
  execute format('alter table %s enable row level security', p_table);
  execute format('alter table %s force row level security', p_table);
  execute format('create policy tenant on %s to fitpro_app using (%I = (select app.ws())) with check (%2$I = (select app.ws()))', p_table, workspace);
  -- `is null` inside the select: outside, the planner takes it for one row in 200 and sorts whole workspaces for one page (26 ms against 0.05).
  execute format(
    'create policy cliente on %s as restrictive to fitpro_app using ((select app.client() is null) or %s) with check ((select app.client() is null) or %2$s)',
    p_table, owner_rows);
  if of_client then
    perform app.limit_to_own(p_table);
  end if;
  execute format('create policy maintenance on %s to fitpro_owner using ((select app.maintenance())) with check ((select app.maintenance()))', p_table);
  execute format('create policy backup on %s for select to fitpro_backup using (true)', p_table);
  execute format('revoke all on %s from public', p_table);
  execute format('grant select, insert, update, delete on %s to fitpro_app', p_table);
  execute format('grant select on %s to fitpro_backup', p_table);
  if audited then
    perform app.audit_by(p_table, masked, workspace, record);
  else
    -- A choice the lint can see: leaving the triggers out by mistake is an error.
    execute format('comment on table %s is %L', p_table, 'unaudited');
  end if;
end $$;

-- The triggers of app.protect, made or made anew: to mask another column, or record rows by another one.
create function app.audit_by(p_table regclass, masked text[], workspace text default 'workspace_id', record text default 'id') returns void
language plpgsql as $$
declare
  what text;
begin
  foreach what in array array['insert', 'update', 'delete'] loop
    execute format('create or replace trigger audit_%s after %1$s on %s for each row execute function app.audit(%L, %L, %L)',
      what, p_table, masked::text, workspace, record);
  end loop;
end $$;
revoke all on function app.audit_by from public;

do $$
declare
  t record;
  arguments text[];
begin
  for t in select tgrelid::regclass as name, tgargs from pg_trigger where tgfoid = 'app.audit'::regproc and tgname = 'audit_insert' loop
    arguments := string_to_array(replace(encode(t.tgargs, 'escape'), '\000', chr(1)), chr(1));
    execute format('drop trigger audit_insert on %s; drop trigger audit_update on %1$s; drop trigger audit_delete on %1$s', t.name);
    perform app.audit_by(t.name, arguments[1]::text[], arguments[2], arguments[3]);
  end loop;
end $$;

-- A job given up leaves a trace for the workspace it belonged to.
create trigger parked after update of dead_at on outbox_deliveries for each row when (old.dead_at is null and new.dead_at is not null)
  execute function app.audit('{}', 'workspace_id', 'id', 'park', '{handler,queue,attempts,dead_at}');

-- Sealing is asked only of workspaces where something happened since: with thousands of quiet ones a minute would not be enough.
create policy watch on audit_logs for select to fitpro_guard using (true);
create policy watch on audit_seals for select to fitpro_guard using (true);
grant select (workspace_id, seq) on audit_logs to fitpro_guard;
grant select (workspace_id, number, settled) on audit_seals to fitpro_guard;
set local role fitpro_guard;
create or replace function app.fan_out(
  p_module text, p_handler text, p_queue text, p_max_attempts smallint, p_timezone text, p_tick text, p_platform boolean
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  made bigint;
begin
  insert into public.outbox_deliveries (workspace_id, id, module, handler, queue, max_attempts, unique_key, arguments, rung_at)
  select place.id, pg_catalog.gen_random_uuid(), p_module, p_handler, p_queue, p_max_attempts, 'tick ' || p_tick, '{}', pg_catalog.now()
    from (select w.id from public.workspaces w
           where not p_platform and w.timezone = p_timezone and (p_module = '' or p_module = any (w.modules))
             and (p_handler <> 'privacy:seal' or exists (
                   select from public.audit_logs l where l.workspace_id = w.id and l.seq > coalesce((
                     select s.settled from public.audit_seals s where s.workspace_id = w.id order by s.number desc limit 1), 0)))
          union all
          select 'ffffffff-ffff-ffff-ffff-ffffffffffff'::pg_catalog.uuid where p_platform) place
  on conflict do nothing;
  get diagnostics made = row_count;
  return made;
end $$;
reset role;
