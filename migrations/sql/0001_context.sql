-- The context of a transaction: who acts, where. Set by app.enter and its variants with set_config(…, true), never per session.
create schema app;
grant usage on schema app to fitpro_app, fitpro_auth, fitpro_relay, fitpro_backup, fitpro_guard;
grant create on schema app to fitpro_guard;
revoke all on schema public from public;
grant usage on schema public to fitpro_app, fitpro_auth, fitpro_relay, fitpro_backup, fitpro_guard;

-- Raises when unset: after a transaction-local setting ends its value is '', not NULL, and a silent empty result would hide the bug.
create function app.ws() returns uuid language plpgsql stable parallel safe as $$
declare
  v text := pg_catalog.current_setting('app.workspace_id', true);
begin
  if v is null or v = '' then
    raise exception 'no workspace context' using errcode = '42501', detail = 'no_context';
  end if;
  return v::pg_catalog.uuid;
end $$;

create function app.usr() returns uuid language sql stable parallel safe as
  $$ select nullif(pg_catalog.current_setting('app.user_id', true), '')::pg_catalog.uuid $$;

-- The client a Cliente is; NULL for everybody else; the nil uuid for a Cliente without a record, who therefore sees nothing.
create function app.client() returns uuid language sql stable parallel safe as
  $$ select nullif(pg_catalog.current_setting('app.client_id', true), '')::pg_catalog.uuid $$;

create function app.maintenance() returns boolean language plpgsql stable as $$
begin
  if coalesce(pg_catalog.current_setting('app.maintenance', true), '') <> 'on' then
    raise exception 'the owner reads tenant rows only with app.maintenance=on' using errcode = '42501', detail = 'no_maintenance';
  end if;
  return true;
end $$;
