set local role fitpro_guard;

create or replace function app.enter(
  p_workspace uuid, p_user uuid, p_session uuid, p_module text, p_roles text[], p_request text,
  out role text, out client_id uuid, out version bigint, out limited boolean
) language plpgsql volatile security definer set search_path = '' as $$
declare
  alive boolean;
  is_on boolean;
  actor text;
  holds boolean;
  done text;
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
  actor := role;
  if not alive then
    -- No session of theirs: perhaps a key they made, which acts as they may, here alone.
    select k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) into holds
      from public.api_keys k where k.workspace_id = p_workspace and k.id = p_session and k.user_id = p_user;
    if holds is not true then
      raise exception 'session is over' using errcode = '42F01', detail = case when holds is null then '' else 'key' end;
    end if;
    actor := 'key ' || p_session;
  end if;
  if is_on is not true then
    raise exception 'module is off' using errcode = '42F03', detail = p_module;
  end if;
  if (role = any (p_roles)) is not true then
    raise exception 'role may not' using errcode = '42F04', detail = role;
  end if;
  done := set_config('app.workspace_id', p_workspace::text, true) || set_config('app.user_id', p_user::text, true)
       || set_config('app.actor', actor, true) || set_config('app.request_id', p_request, true)
       || set_config('app.client_id', case when role = 'Cliente' then coalesce(client_id::text, '00000000-0000-0000-0000-000000000000') else '' end, true)
       || set_config('app.own', case when limited then p_user::text else '' end, true);
end $$;

reset role;
