-- Run once per cluster by a superuser (or a role with CREATEROLE), then once per database. Idempotent.
-- owner: migrations, owns everything, no BYPASSRLS.  app: requests and jobs, DML only.  auth: credentials, sessions, keys.
-- relay: control columns of the outbox.  backup: reads all.  guard: owns the definer functions, never logs in.
do $$
declare
  r text;
begin
  foreach r in array array['fitpro_owner', 'fitpro_app', 'fitpro_auth', 'fitpro_relay', 'fitpro_backup', 'fitpro_guard'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I nosuperuser nobypassrls nocreatedb nocreaterole noinherit', r);
    end if;
    if r <> 'fitpro_guard' then
      execute format('alter role %I login', r);
    end if;
  end loop;
end $$;
-- Timestamps leave as UTC text; set on the role, because a transaction pooler keeps no session settings.
alter role fitpro_app set timezone = 'UTC';
alter role fitpro_auth set timezone = 'UTC';
alter role fitpro_relay set timezone = 'UTC';
-- The owner creates functions and hands them to the guard.
grant fitpro_guard to fitpro_owner;
-- Every query of theirs has an index. A plan made while a table was empty would read it whole, and be kept while the table grows.
alter role fitpro_app set enable_seqscan = off;
alter role fitpro_auth set enable_seqscan = off;
alter role fitpro_relay set enable_seqscan = off;
alter role fitpro_app set idle_in_transaction_session_timeout = '10s';
alter role fitpro_auth set idle_in_transaction_session_timeout = '10s';
alter role fitpro_relay set statement_timeout = '10s';
alter role fitpro_owner set lock_timeout = '2s';
