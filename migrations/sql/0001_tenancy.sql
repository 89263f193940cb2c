-- What every request checks: people, sessions, workspaces, memberships, modules.
create table users (
  id uuid primary key,
  email text not null,
  full_name text not null,
  locale text not null default 'en',
  email_verified_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint uq_users_email unique (email)
);
create table sessions (
  id uuid primary key,
  user_id uuid not null constraint fk_sessions_user references users,
  user_agent text not null default '',
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index ix_sessions_user on sessions (user_id);
grant select, insert, update, delete on users, sessions to fitpro_auth;
grant select on users, sessions to fitpro_backup, fitpro_guard;

create table workspaces (
  id uuid primary key,
  name text not null,
  timezone text not null default 'UTC',
  currency text not null default 'EUR',
  locale text not null default 'en',
  week_start smallint not null default 1 constraint ck_workspaces_week_start check (week_start between 1 and 7),
  branding jsonb not null default '{}',
  modules text[] not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select app.protect('workspaces', cliente => 'true', workspace => 'id');
create policy guard on workspaces to fitpro_guard using (true) with check (true);
grant select on workspaces to fitpro_guard;

create table user_roles (
  workspace_id uuid not null constraint fk_user_roles_workspace references workspaces,
  user_id uuid not null constraint fk_user_roles_user references users,
  role text not null constraint ck_user_roles_role check (role in ('Owner', 'Colaborador', 'Cliente')),
  client_id uuid,
  full_name text not null,
  email text not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  ended_at timestamptz,
  constraint pk_user_roles primary key (workspace_id, user_id),
  constraint uq_user_roles_client unique (workspace_id, client_id),
  constraint ck_user_roles_client check (client_id is null or role = 'Cliente')
);
create index ix_user_roles_user on user_roles (user_id) where ended_at is null;
select app.protect('user_roles', cliente => 'user_id = (select app.usr())', record => 'user_id', masked => '{email}');
create policy guard on user_roles to fitpro_guard using (true);
grant select on user_roles to fitpro_guard;
-- A person's name and address are copied onto their memberships; changing them is their own act, in one transaction.
create policy own on user_roles to fitpro_auth using (user_id = (select app.usr())) with check (user_id = (select app.usr()));
grant select (workspace_id, user_id, full_name, email, version, updated_at), update (full_name, email, version, updated_at) on user_roles to fitpro_auth;

create table workspace_modules (
  workspace_id uuid not null constraint fk_workspace_modules_workspace references workspaces,
  module text not null,
  settings jsonb not null default '{}',
  version bigint not null default 1,
  changed_at timestamptz not null default now(),
  changed_by uuid,
  constraint pk_workspace_modules primary key (workspace_id, module)
);
select app.protect('workspace_modules', cliente => 'true', record => 'module');

-- Global uniqueness (a domain, a payment account) without a view into other workspaces.
create table claims (
  workspace_id uuid not null constraint fk_claims_workspace references workspaces,
  kind text not null,
  value text not null,
  created_at timestamptz not null default now(),
  constraint pk_claims primary key (kind, value)
);
select app.protect('claims', record => 'value');
