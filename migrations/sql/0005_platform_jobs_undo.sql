delete from outbox_deliveries where workspace_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
drop policy platform on outbox_deliveries;
revoke all on outbox_deliveries, outbox from fitpro_auth;

set local role fitpro_guard;
drop function app.fan_out;
reset role;
create function app.fan_out(p_module text, p_handler text, p_queue text, p_max_attempts smallint, p_timezone text, p_tick text) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  made bigint;
begin
  insert into public.outbox_deliveries (workspace_id, id, module, handler, queue, max_attempts, unique_key, arguments, rung_at)
  select w.id, pg_catalog.gen_random_uuid(), p_module, p_handler, p_queue, p_max_attempts, 'tick ' || p_tick, '{}', pg_catalog.now()
    from public.workspaces w
   where w.timezone = p_timezone and (p_module = '' or p_module = any (w.modules))
  on conflict do nothing;
  get diagnostics made = row_count;
  return made;
end $$;
revoke all on function app.fan_out from public;
grant execute on function app.fan_out to fitpro_relay;
alter function app.fan_out owner to fitpro_guard;
