-- What workers and the relay need of the outbox. rung_at: since when workers may take a row. A row without one waits for the relay:
-- a timer, or the next attempt of something that failed.
drop index ix_outbox_deliveries_due;
create index ix_outbox_deliveries_due on outbox_deliveries (available_at, id)
  where rung_at is null and done_at is null and dead_at is null and skipped_at is null;
create index ix_outbox_deliveries_ready on outbox_deliveries (queue, workspace_id, available_at, id)
  where rung_at is not null and done_at is null and dead_at is null and skipped_at is null;
create index ix_outbox_deliveries_done on outbox_deliveries (done_at) where done_at is not null;
create index ix_outbox_deliveries_dead on outbox_deliveries (dead_at) where dead_at is not null;
create index ix_outbox_created on outbox (created_at);
grant select (request_id, progress) on outbox_deliveries to fitpro_relay;

-- Sweeps: the relay may delete what is over, and nothing else.
grant delete on outbox_deliveries, outbox to fitpro_relay;
grant select (workspace_id, id, created_at) on outbox to fitpro_relay;
create policy sweep on outbox_deliveries as restrictive for delete to fitpro_relay
  using (done_at < now() - interval '7 days' or dead_at is not null);
create policy sweep on outbox to fitpro_relay using (created_at < now() - interval '7 days');

-- The last tick of each periodic task in each zone: what several schedulers agree on.
create table outbox_ticks (
  handler text not null,
  timezone text not null,
  at timestamptz not null,
  constraint pk_outbox_ticks primary key (handler, timezone)
);
grant select, insert, update on outbox_ticks to fitpro_relay;
grant select on outbox_ticks to fitpro_backup;
-- Which zones there are is all the relay learns about workspaces.
create policy relay on workspaces for select to fitpro_relay using (true);
grant select (timezone) on workspaces to fitpro_relay;

-- One delivery of a periodic task per workspace of a zone that has the module on. A second call for the same tick adds none.
create policy guard on outbox_deliveries for insert to fitpro_guard with check (true);
grant insert on outbox_deliveries to fitpro_guard;
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
