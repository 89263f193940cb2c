-- A verified domain selects its workspace before anybody is known. The auth role asks; this is all it learns about workspaces, and only
-- about those that chose to be found under a name.
create policy hosts on claims for select to fitpro_auth using (kind = 'domain');
grant select (workspace_id, kind, value) on claims to fitpro_auth;
create index ix_claims_workspace_id on claims (workspace_id, kind);
create policy hosts on workspaces for select to fitpro_auth
  using (exists (select from claims c where c.workspace_id = workspaces.id and c.kind = 'domain'));
grant select (id, name, locale, branding) on workspaces to fitpro_auth;

alter table workspaces add column time_format text not null default '24h' constraint ck_workspaces_time_format check (time_format in ('12h', '24h'));
