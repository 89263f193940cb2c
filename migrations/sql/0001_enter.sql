-- The gate. SQLSTATEs of class 42 on purpose: psycopg takes a class of our own for a lost connection.
--   42F01 the session is over   42F02 not a member   42F03 the module is off   42F04 the role may not   42F05 key already used
create function app.enter(
  p_workspace uuid, p_user uuid, p_session uuid, p_module text, p_roles text[], p_request text,
  out role text, out client_id uuid, out version bigint
) language plpgsql volatile security definer set search_path = '' as $$
declare
  alive boolean;
  is_on boolean;
begin
  select r.role, r.client_id, w.version, p_module = '' or p_module = any (w.modules),
         exists (select from public.sessions s where s.id = p_session and s.user_id = p_user and s.revoked_at is null)
    into role, client_id, version, is_on, alive
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
          set_config('app.client_id', case when role = 'Cliente' then coalesce(client_id::text, '00000000-0000-0000-0000-000000000000') else '' end, true);
end $$;

-- A signed-in person outside any workspace.
create function app.enter_user(p_user uuid, p_session uuid, p_request text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not exists (select from public.sessions s where s.id = p_session and s.user_id = p_user and s.revoked_at is null) then
    raise exception 'session is over' using errcode = '42F01';
  end if;
  perform set_config('app.workspace_id', '', true), set_config('app.user_id', p_user::text, true), set_config('app.actor', 'person', true),
          set_config('app.request_id', p_request, true), set_config('app.client_id', '', true);
end $$;

-- The system, for one workspace; an invoker: the tenant policy lets it see that workspace's row alone.
create function app.enter_job(p_workspace uuid, p_module text, p_request text, out version bigint)
language plpgsql volatile as $$
declare
  is_on boolean;
begin
  perform pg_catalog.set_config('app.workspace_id', p_workspace::text, true), pg_catalog.set_config('app.user_id', '', true),
          pg_catalog.set_config('app.actor', 'system', true), pg_catalog.set_config('app.request_id', p_request, true),
          pg_catalog.set_config('app.client_id', '', true);
  select w.version, p_module = '' or p_module = any (w.modules) into version, is_on from public.workspaces w where w.id = p_workspace;
  if not found then
    raise exception 'no such workspace' using errcode = '42F02';
  end if;
  if is_on is not true then
    raise exception 'module is off' using errcode = '42F03', detail = p_module;
  end if;
end $$;

-- The caller's own memberships, wherever they are.
create function app.my_workspaces(out id uuid, out name text, out role text, out client_id uuid, out created_at timestamptz) returns setof record
language sql stable security definer set search_path = '' as $$
  select w.id, w.name, r.role, r.client_id, r.created_at
    from public.user_roles r join public.workspaces w on w.id = r.workspace_id
   where r.user_id = (select app.usr()) and r.ended_at is null
   order by w.id
$$;

-- Start a workspace: the caller becomes its Owner under their own name. The context moves to the new workspace for the rest of the transaction.
create function app.found_workspace(p_id uuid, p_name text, p_timezone text, p_currency text, p_locale text, p_week_start smallint, p_modules text[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (select app.usr()) is null then
    raise exception 'nobody is signed in' using errcode = '42F01';
  end if;
  perform set_config('app.workspace_id', p_id::text, true), set_config('app.actor', 'Owner', true);
  insert into public.workspaces (id, name, timezone, currency, locale, week_start, modules)
    values (p_id, p_name, p_timezone, p_currency, p_locale, p_week_start, p_modules);
  insert into public.user_roles (workspace_id, user_id, role, full_name, email)
    select p_id, u.id, 'Owner', u.full_name, u.email from public.users u where u.id = (select app.usr());
end $$;
grant insert on workspaces, user_roles to fitpro_guard;
drop policy guard on user_roles;
create policy guard on user_roles to fitpro_guard using (true) with check (true);

revoke all on all functions in schema app from public;
grant execute on function app.ws, app.usr, app.client, app.enter_job to fitpro_app, fitpro_guard;
grant execute on function app.usr to fitpro_auth, fitpro_backup;
grant execute on function app.enter, app.found_workspace to fitpro_app;
grant execute on function app.enter_user, app.my_workspaces to fitpro_app, fitpro_auth;
grant execute on function app.maintenance to fitpro_app, fitpro_auth, fitpro_backup;
alter function app.enter owner to fitpro_guard;
alter function app.enter_user owner to fitpro_guard;
alter function app.my_workspaces owner to fitpro_guard;
alter function app.found_workspace owner to fitpro_guard;
