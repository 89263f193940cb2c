-- Keys of a workspace for programs. A key acts as the person who made it, within its scopes, and ends with their membership. Only the digest
-- is kept, and the app role can write it but never read it.
create table api_keys (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  name text not null,
  hint text not null,
  scopes text[] not null constraint ck_api_keys_scopes check (cardinality(scopes) > 0),
  digest bytea not null,
  replaces uuid,
  expires_at timestamptz,
  rotated_at timestamptz,
  revoked_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_api_keys primary key (workspace_id, id),
  constraint fk_api_keys_user foreign key (workspace_id, user_id) references user_roles (workspace_id, user_id)
);
create index ix_api_keys_user on api_keys (workspace_id, user_id);
create index ix_api_keys_id on api_keys (id);
select app.protect('api_keys', masked => '{digest}');
revoke all on api_keys from fitpro_app;
grant insert on api_keys to fitpro_app;
grant select (workspace_id, id, user_id, name, hint, scopes, replaces, expires_at, rotated_at, revoked_at, version, created_at, updated_at),
      update (expires_at, rotated_at, revoked_at, version, updated_at) on api_keys to fitpro_app;
-- Whoever shows a key is looked up by the auth identity, before their workspace is known.
create policy auth on api_keys for select to fitpro_auth using (true);
grant select on api_keys to fitpro_auth;
create policy guard on api_keys for select to fitpro_guard using (true);
grant select (workspace_id, id, user_id, expires_at, revoked_at) on api_keys to fitpro_guard;

-- When a key was last looked up: within ten minutes, and without an audit entry each time.
create table api_key_uses (
  workspace_id uuid not null,
  key_id uuid not null,
  used_at timestamptz not null,
  constraint pk_api_key_uses primary key (workspace_id, key_id),
  constraint fk_api_key_uses_key foreign key (workspace_id, key_id) references api_keys (workspace_id, id) on delete cascade
);
select app.protect('api_key_uses', record => 'key_id', audited => false);
revoke insert, update, delete on api_key_uses from fitpro_app;
create policy auth on api_key_uses to fitpro_auth using (true) with check (true);
grant select, insert, update on api_key_uses to fitpro_auth;

-- As in 0006_scope.sql, and it lets keys in.
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
  perform set_config('app.workspace_id', p_workspace::text, true), set_config('app.user_id', p_user::text, true),
          set_config('app.actor', actor, true), set_config('app.request_id', p_request, true),
          set_config('app.client_id', case when role = 'Cliente' then coalesce(client_id::text, '00000000-0000-0000-0000-000000000000') else '' end, true),
          set_config('app.own', case when limited then p_user::text else '' end, true);
end $$;
reset role;
