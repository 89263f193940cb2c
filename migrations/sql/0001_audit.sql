-- Append-only record of every change, written by the database itself, raw SQL included.
create table audit_logs (
  workspace_id uuid not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  actor_id uuid,
  actor text not null,
  request_id text not null,
  action text not null constraint ck_audit_logs_action check (action in ('insert', 'update', 'delete', 'read', 'purge')),
  table_name text not null,
  record_id text not null,
  before jsonb,
  after jsonb,
  constraint pk_audit_logs primary key (workspace_id, id)
);
create index ix_audit_logs_record on audit_logs (workspace_id, table_name, record_id, id);
select app.protect('audit_logs', audited => false);
revoke insert, update, delete on audit_logs from fitpro_app;
create policy guard on audit_logs for insert to fitpro_guard with check (true);
grant insert on audit_logs to fitpro_guard;

create function app.audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_logs is append-only' using errcode = '42501', detail = 'append_only';
end $$;
create trigger append_only before update or delete or truncate on audit_logs for each statement execute function app.audit_is_append_only();

create function app.masked(p_row jsonb, p_masked text[]) returns jsonb language sql immutable parallel safe set search_path = '' as $$
  select case when p_masked = '{}' or p_row is null then p_row
    else p_row || coalesce((select jsonb_object_agg(k, '"***"'::jsonb) from unnest(p_masked) k where p_row -> k <> 'null'::jsonb), '{}') end
$$;

-- Statement-level: one insert per statement however many rows. Arguments: masked columns, workspace column, record column.
create function app.audit() returns trigger language plpgsql security definer set search_path = '' as $$
declare
  hidden text[] := tg_argv[0];
  who uuid := nullif(current_setting('app.user_id', true), '');
  actor text := coalesce(nullif(current_setting('app.actor', true), ''), session_user);
  request text := coalesce(current_setting('app.request_id', true), '');
begin
  if tg_op = 'INSERT' then
    insert into public.audit_logs (workspace_id, actor_id, actor, request_id, action, table_name, record_id, after)
    select (n.r ->> tg_argv[1])::uuid, who, actor, request, 'insert', tg_table_name, n.r ->> tg_argv[2], app.masked(n.r, hidden)
      from (select to_jsonb(t) as r from new_rows t) n;
  elsif tg_op = 'DELETE' then
    -- Only the owner's purge may do without a row per row; it writes one summary.
    if current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
      return null;
    end if;
    insert into public.audit_logs (workspace_id, actor_id, actor, request_id, action, table_name, record_id, before)
    select (o.r ->> tg_argv[1])::uuid, who, actor, request, 'delete', tg_table_name, o.r ->> tg_argv[2], app.masked(o.r, hidden)
      from (select to_jsonb(t) as r from old_rows t) o;
  else
    -- Before and after are matched by the key, so a key that changed would leave no trace.
    if exists (select to_jsonb(n) ->> tg_argv[1], to_jsonb(n) ->> tg_argv[2] from new_rows n
               except select to_jsonb(o) ->> tg_argv[1], to_jsonb(o) ->> tg_argv[2] from old_rows o) then
      raise exception 'the key of a row cannot change' using errcode = '23514';
    end if;
    insert into public.audit_logs (workspace_id, actor_id, actor, request_id, action, table_name, record_id, before, after)
    select (c.n ->> tg_argv[1])::uuid, who, actor, request, 'update', tg_table_name, c.n ->> tg_argv[2],
           app.masked(d.before, hidden), app.masked(d.after, hidden)
      from (select to_jsonb(o) as o, to_jsonb(n) as n from old_rows o join new_rows n
              on to_jsonb(o) ->> tg_argv[2] = to_jsonb(n) ->> tg_argv[2] and to_jsonb(o) ->> tg_argv[1] = to_jsonb(n) ->> tg_argv[1]) c
      cross join lateral (select jsonb_object_agg(e.key, c.o -> e.key) as before, jsonb_object_agg(e.key, e.value) as after
                            from jsonb_each(c.n) e where c.o -> e.key is distinct from e.value) d
     where d.after is not null;
  end if;
  return null;
end $$;
revoke all on function app.audit, app.masked, app.audit_is_append_only from public;
grant execute on function app.audit, app.audit_is_append_only, app.masked to fitpro_app, fitpro_guard, fitpro_auth, fitpro_owner;
alter function app.audit owner to fitpro_guard;
alter function app.masked owner to fitpro_guard;
-- Changing a function's owner hands the old owner's privileges over too; the owner needs this one to create triggers.
set local role fitpro_guard;
grant execute on function app.audit, app.masked to fitpro_owner;
reset role;
