-- Who read what: the app role records reads itself, and nothing else. It may fill these columns alone; who, when and which request come from
-- the transaction's context, and `read` is the only action it can write.
alter table audit_logs
  add column client_id uuid,  -- whose record was read, so that they may ask who did
  alter column action set default 'read',
  alter column actor_id set default nullif(current_setting('app.user_id', true), '')::uuid,
  alter column actor set default coalesce(nullif(current_setting('app.actor', true), ''), session_user),
  alter column request_id set default coalesce(current_setting('app.request_id', true), '');
create index ix_audit_logs_client on audit_logs (workspace_id, client_id, id) where client_id is not null;
grant insert (workspace_id, table_name, record_id, client_id, after) on audit_logs to fitpro_app;
-- A Cliente sees who read their own record, and may read it themself.
drop policy cliente on audit_logs;
create policy cliente on audit_logs as restrictive to fitpro_app
  using ((select app.client() is null) or (action = 'read' and client_id = (select app.client())))
  with check ((select app.client() is null) or (action = 'read' and client_id = (select app.client())));
