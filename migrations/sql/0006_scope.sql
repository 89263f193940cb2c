-- A collaborator may be limited to the clients they look after, by the database: whatever a query asks, rows about other clients are not there.
alter table user_roles add column client_scope text not null default 'all'
  constraint ck_user_roles_client_scope check (client_scope = 'all' or (client_scope = 'own' and role = 'Colaborador'));

-- The collaborator whose clients alone are shown; NULL for everybody else.
create function app.own() returns uuid language sql stable parallel safe as
  $$ select nullif(pg_catalog.current_setting('app.own', true), '')::pg_catalog.uuid $$;
-- Which clients those are. The plugin that keeps clients replaces it; asked once per query, and only for somebody who is limited.
create function app.own_clients() returns uuid[] language plpgsql stable parallel safe as $$ begin return '{}'; end $$;

-- What holder of a link a transaction serves: the digest of its token. NULL for everybody else.
create function app.capability() returns bytea language sql stable parallel safe as
  $$ select pg_catalog.decode(nullif(pg_catalog.current_setting('app.capability', true), ''), 'hex') $$;
-- Go on in a workspace as whoever holds a link of it, signed in or not. They see what a policy shows to that very link, and otherwise as
-- little as a Cliente without a record.
create function app.enter_bearer(p_workspace uuid, p_capability bytea) returns void language plpgsql volatile as $$
begin
  perform pg_catalog.set_config('app.workspace_id', p_workspace::text, true), pg_catalog.set_config('app.actor', 'bearer', true),
          pg_catalog.set_config('app.client_id', '00000000-0000-0000-0000-000000000000', true),
          pg_catalog.set_config('app.capability', pg_catalog.encode(p_capability, 'hex'), true);
end $$;
-- The signed-in person's own address and name, for operations outside any workspace.
create function app.email() returns text language sql stable parallel safe as
  $$ select nullif(pg_catalog.current_setting('app.email', true), '') $$;
create function app.full_name() returns text language sql stable parallel safe as
  $$ select nullif(pg_catalog.current_setting('app.full_name', true), '') $$;

-- Which rows a limited collaborator may touch; a row about no client is not limited. `is null` inside the select, as in app.protect.
create function app.limit_to_own(p_table regclass, p_rows text default 'client_id is null or client_id = any ((select app.own_clients())::uuid[])')
returns void language plpgsql as $$
begin
  execute format('drop policy if exists scope on %s', p_table);
  execute format('create policy scope on %s as restrictive to fitpro_app using ((select app.own() is null) or %s) with check ((select app.own() is null) or %2$s)',
    p_table, p_rows);
end $$;

-- As in 0001_protect.sql, and every table with a client_id is limited as well.
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
    execute format('create trigger audit_insert after insert on %s referencing new table as new_rows for each statement execute function app.audit(%L, %L, %L)',
      p_table, masked::text, workspace, record);
    execute format('create trigger audit_update after update on %s referencing old table as old_rows new table as new_rows for each statement execute function app.audit(%L, %L, %L)',
      p_table, masked::text, workspace, record);
    execute format('create trigger audit_delete after delete on %s referencing old table as old_rows for each statement execute function app.audit(%L, %L, %L)',
      p_table, masked::text, workspace, record);
  else
    -- A choice the lint can see: leaving the triggers out by mistake is an error.
    execute format('comment on table %s is %L', p_table, 'unaudited');
  end if;
end $$;

do $$
declare
  t regclass;
begin
  for t in select a.attrelid::regclass from pg_attribute a join pg_class c on c.oid = a.attrelid
            where a.attname = 'client_id' and not a.attisdropped and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relrowsecurity loop
    perform app.limit_to_own(t);
  end loop;
end $$;

-- The gate says and sets whether the member is limited. Its answer has a column more, so it is made anew.
set local role fitpro_guard;
drop function app.enter;
reset role;
create function app.enter(
  p_workspace uuid, p_user uuid, p_session uuid, p_module text, p_roles text[], p_request text,
  out role text, out client_id uuid, out version bigint, out limited boolean
) language plpgsql volatile security definer set search_path = '' as $$
declare
  alive boolean;
  is_on boolean;
begin
  select r.role, r.client_id, w.version, r.client_scope = 'own', p_module = '' or p_module = any (w.modules),
         exists (select from public.sessions s where s.id = p_session and s.user_id = p_user and s.revoked_at is null)
    into role, client_id, version, limited, is_on, alive
    from public.user_roles r join public.workspaces w on w.id = r.workspace_id
   where r.workspace_id = p_workspace and r.user_id = p_user and r.ended_at is null;
  if not found then
    if not exists (select from public.sessions s where s.id = p_session and s.user_id = p_user and s.revoked_at is null) then
      raise exception 'session is over' using errcode = '42F01';
    end if;
    raise exception 'not a member' using errcode = '42F02';
  end if;
  if not alive then
    raise exception 'session is over' using errcode = '42F01';
  end if;
  if is_on is not true then
    raise exception 'module is off' using errcode = '42F03', detail = p_module;
  end if;
  if (role = any (p_roles)) is not true then
    raise exception 'role may not' using errcode = '42F04', detail = role;
  end if;
  perform set_config('app.workspace_id', p_workspace::text, true), set_config('app.user_id', p_user::text, true),
          set_config('app.actor', role, true), set_config('app.request_id', p_request, true),
          set_config('app.client_id', case when role = 'Cliente' then coalesce(client_id::text, '00000000-0000-0000-0000-000000000000') else '' end, true),
          set_config('app.own', case when limited then p_user::text else '' end, true);
end $$;

set local role fitpro_guard;
create or replace function app.enter_user(p_user uuid, p_session uuid, p_request text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  person record;
begin
  select u.email, u.full_name into person from public.sessions s join public.users u on u.id = s.user_id
   where s.id = p_session and s.user_id = p_user and s.revoked_at is null;
  if not found then
    raise exception 'session is over' using errcode = '42F01';
  end if;
  perform set_config('app.workspace_id', '', true), set_config('app.user_id', p_user::text, true), set_config('app.actor', 'person', true),
          set_config('app.request_id', p_request, true), set_config('app.client_id', '', true),
          set_config('app.email', person.email, true), set_config('app.full_name', person.full_name, true);
end $$;
reset role;

revoke all on function app.own, app.own_clients, app.capability, app.enter_bearer, app.email, app.full_name, app.limit_to_own, app.enter from public;
grant execute on function app.own, app.own_clients, app.capability, app.enter_bearer, app.email, app.full_name to fitpro_app;
grant execute on function app.enter to fitpro_app;
alter function app.enter owner to fitpro_guard;
