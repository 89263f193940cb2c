-- As in 0001_context.sql, in a form that PostgreSQL puts in place: asked a dozen times by a statement, a call of its own costs 2 us each.
create function app.no_workspace() returns text language plpgsql stable parallel safe as $$
begin
  raise exception 'no workspace context' using errcode = '42501', detail = 'no_context';
end $$;
revoke all on function app.no_workspace from public;
grant execute on function app.no_workspace to fitpro_app, fitpro_guard;
create or replace function app.ws() returns uuid language sql stable parallel safe as
  $$ select coalesce(nullif(pg_catalog.current_setting('app.workspace_id', true), ''), app.no_workspace())::pg_catalog.uuid $$;

-- What is written is checked row by row: a subquery that is asked once pays for many rows that are read, and costs a statement that writes one
-- row the start of a plan of its own, a dozen times for a booking. Only around what is read from a setting: lists of ids stay asked once.
create function app.by_row(p_expression text) returns text language sql immutable parallel safe set search_path = '' as $$
  select pg_catalog.regexp_replace(p_expression, '\( SELECT (\(?app\.(ws|client|usr|own)\(\)( IS NULL)?\)?)( AS \w+)?\)', '\1', 'g')
$$;
revoke all on function app.by_row from public;

-- A table's policies check what is written by what they show, row by row. For policies made without app.protect and app.limit_to_own.
create function app.check_by_row(p_table regclass) returns void language plpgsql as $$
declare
  p record;
begin
  for p in select polname as name, pg_get_expr(polqual, polrelid) as shown from pg_policy
            where polrelid = p_table and polname in ('tenant', 'cliente', 'scope') loop
    execute format('alter policy %I on %s with check (%s)', p.name, p_table, app.by_row(p.shown));
  end loop;
end $$;
revoke all on function app.check_by_row from public;

-- As in 0006_scope.sql, but for the checks.
create or replace function app.limit_to_own(p_table regclass, p_rows text default 'client_id is null or client_id = any ((select app.own_clients())::uuid[])')
returns void language plpgsql as $$
begin
  execute format('drop policy if exists scope on %s', p_table);
  execute format('create policy scope on %s as restrictive to fitpro_app using ((select app.own() is null) or %s)', p_table, p_rows);
  perform app.check_by_row(p_table);
end $$;

-- As in 0009_seals.sql, but for the checks.
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
  execute format('create policy tenant on %s to fitpro_app using (%I = (select app.ws()))', p_table, workspace);
  -- `is null` inside the select: outside, the planner takes it for one row in 200 and sorts whole workspaces for one page (26 ms against 0.05).
  execute format(
    'create policy cliente on %s as restrictive to fitpro_app using ((select app.client() is null) or %s)',
    p_table, owner_rows);
  if of_client then
    perform app.limit_to_own(p_table);
  else
    perform app.check_by_row(p_table);
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

do $$
declare
  t regclass;
begin
  for t in select distinct polrelid::regclass from pg_policy where polname in ('tenant', 'cliente', 'scope') loop
    perform app.check_by_row(t);
  end loop;
end $$;
alter policy own on idempotency_keys with check (user_id = app.usr());
