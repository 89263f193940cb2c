-- Work that belongs to no workspace (a password's reset, a sweep of sessions) lies under the last uuid, for the auth identity alone.
create policy platform on outbox_deliveries to fitpro_auth
  using (workspace_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff') with check (workspace_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff');
grant select, insert, update on outbox_deliveries to fitpro_auth;
grant select on outbox to fitpro_auth;

-- One delivery of a periodic task per workspace of a zone that has the module on, or one in all. A second call for the same tick adds none.
set local role fitpro_guard;
drop function app.fan_out;
reset role;
create function app.fan_out(
  p_module text, p_handler text, p_queue text, p_max_attempts smallint, p_timezone text, p_tick text, p_platform boolean
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  made bigint;
begin
  insert into public.outbox_deliveries (workspace_id, id, module, handler, queue, max_attempts, unique_key, arguments, rung_at)
  select place.id, pg_catalog.gen_random_uuid(), p_module, p_handler, p_queue, p_max_attempts, 'tick ' || p_tick, '{}', pg_catalog.now()
    from (select w.id from public.workspaces w
           where not p_platform and w.timezone = p_timezone and (p_module = '' or p_module = any (w.modules))
          union all
          select 'ffffffff-ffff-ffff-ffff-ffffffffffff'::pg_catalog.uuid where p_platform) place
  on conflict do nothing;
  get diagnostics made = row_count;
  return made;
end $$;
revoke all on function app.fan_out from public;
grant execute on function app.fan_out to fitpro_relay;
alter function app.fan_out owner to fitpro_guard;
