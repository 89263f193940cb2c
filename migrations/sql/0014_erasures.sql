-- An entry's time is when it was written, not when its transaction began: of two entries the one that was numbered later is not older, however long
-- its transaction took. Verification holds sealed entries to that.
alter table audit_logs alter column at set default clock_timestamp(),
  drop constraint ck_audit_logs_action,
  add constraint ck_audit_logs_action check (action in ('insert', 'update', 'delete', 'read', 'purge', 'park', 'erase'));

-- Erasing takes the values of an entry and their salt away and names the entry that records it, and nothing else. Only the owner can, and only
-- what that record lists; a record is never erased itself.
create or replace function app.audit_is_append_only() returns trigger language plpgsql as $$
declare
  erasure text := nullif(current_setting('app.erasing', true), '');
begin
  if tg_op = 'UPDATE' and tg_table_name = 'audit_logs' and session_user = 'fitpro_owner' and erasure is not null then
    if tg_level = 'STATEMENT' then
      return null;
    elsif old.action <> 'erase'
      and to_jsonb(new) = to_jsonb(old) || jsonb_build_object('before', null, 'salt', null, 'after', jsonb_build_object('erased', erasure))
      and exists (select from public.audit_logs e where e.workspace_id = old.workspace_id and e.id = erasure::uuid and e.action = 'erase'
                     and e.after -> 'entries' ? old.id::text) then
      return new;
    end if;
  end if;
  raise exception '% is append-only', tg_table_name using errcode = '42501', detail = 'append_only';
end $$;
