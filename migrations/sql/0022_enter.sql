set local role fitpro_guard;

drop function app.enter;

-- What the gate tells a member is one text, `version role limited client`: a row of four columns cost a scan of its own. p_presumed: the text
-- that the caller reckons with; anything else is refused, and so is all that was sent along.
create function app.enter(
  p_workspace uuid, p_user uuid, p_session uuid, p_module text, p_roles text[], p_request text, p_presumed text default null
) returns text language plpgsql volatile security definer set search_path = '' as $$
declare
  role text;
  client text;
  own text;
  alive boolean;
  is_on boolean;
  told text;
  actor text;
  holds boolean;
  done text;
begin
  select r.role, case when r.client_scope = 'own' then p_user::text else '' end, p_module = '' or p_module = any (w.modules),
         case when r.role = 'Cliente' then coalesce(r.client_id::text, '00000000-0000-0000-0000-000000000000') else '' end,
         exists (select from public.sessions s where s.id = p_session and s.user_id = p_user and s.revoked_at is null),
         w.version || ' ' || r.role || ' ' || (r.client_scope = 'own') || ' ' || coalesce(r.client_id::text, '')
    into role, own, is_on, client, alive, told
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
  if told <> p_presumed then
    raise exception 'refused by a rule' using errcode = '42F07', detail = 'workspace_changed';
  end if;
  done := set_config('app.workspace_id', p_workspace::text, true) || set_config('app.user_id', p_user::text, true)
       || set_config('app.actor', actor, true) || set_config('app.request_id', p_request, true)
       || set_config('app.client_id', client, true) || set_config('app.own', own, true);
  return told;
end $$;
revoke all on function app.enter from public;
grant execute on function app.enter to fitpro_app;

reset role;
