drop trigger parked on outbox_deliveries;
drop trigger erased_only on audit_logs;
drop table audit_seals;
drop policy watch on audit_logs;
revoke select (workspace_id, seq) on audit_logs from fitpro_guard;
-- The functions of before are in place again; so are their triggers after this.
do $$
declare
  t record;
  arguments text[];
  what text;
  rows_of text[] := array['new table as new_rows', 'old table as old_rows new table as new_rows', 'old table as old_rows'];
begin
  for t in select tgrelid::regclass as name, tgargs from pg_trigger where tgfoid = 'app.audit'::regproc and tgname = 'audit_insert' loop
    arguments := string_to_array(replace(encode(t.tgargs, 'escape'), '\000', chr(1)), chr(1));
    for n in 1..3 loop
      what := (array['insert', 'update', 'delete'])[n];
      execute format('drop trigger audit_%s on %s', what, t.name);
      execute format('create trigger audit_%s after %1$s on %s referencing %s for each statement execute function app.audit(%L, %L, %L)',
        what, t.name, rows_of[n], arguments[1], arguments[2], arguments[3]);
    end loop;
  end loop;
end $$;
drop function app.audit_by;
alter table audit_logs disable trigger append_only;
delete from audit_logs where action = 'park';
alter table audit_logs drop constraint pk_audit_logs, drop constraint ck_audit_logs_action,
  add constraint ck_audit_logs_action check (action in ('insert', 'update', 'delete', 'read', 'purge'));
drop index ix_audit_logs_seq, ix_audit_logs_record, ix_audit_logs_client;
alter table audit_logs drop column id, drop column salt;
alter table audit_logs rename column seq to id;
alter table audit_logs add constraint pk_audit_logs primary key (workspace_id, id);
create index ix_audit_logs_record on audit_logs (workspace_id, table_name, record_id, id);
create index ix_audit_logs_client on audit_logs (workspace_id, client_id, id) where client_id is not null;
alter table audit_logs enable trigger append_only;
drop function app.new_id;
