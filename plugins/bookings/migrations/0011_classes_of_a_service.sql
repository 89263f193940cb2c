-- As in 0001_bookings.sql, and the time of a class tells its service too: whoever teaches it, it is shown there.
create or replace function app.bookings_touched() returns trigger language plpgsql as $$
begin
  if pg_catalog.current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
    return null;
  end if;
  if TG_ARGV[0] = 'time' then
    -- In one order, so that nobody waits for somebody who waits for them.
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select distinct workspace_id, subject, 1
      from rows cross join lateral (values (organizer_id), (room_id), (case when capacity > 1 then service_id end)) s (subject)
     where subject is not null order by subject
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  elsif TG_ARGV[0] = 'user' then
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select distinct workspace_id, user_id, 1 from rows order by 2
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  else
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select distinct workspace_id, workspace_id, 1 from rows
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  end if;
  return null;
end $$;

-- As in 0007_cheaper_writes.sql.
create or replace function app.bookings_taken() returns trigger language plpgsql as $$
begin
  if new.room_id is null and new.capacity = 1 then
    insert into public.bookings_revision as r (workspace_id, subject, revision) values (new.workspace_id, new.organizer_id, 1)
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  elsif new.capacity = 1 then
    -- In one order, so that nobody waits for somebody who waits for them.
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select new.workspace_id, subject, 1 from (values (new.organizer_id), (new.room_id)) s (subject) order by subject
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  else
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select new.workspace_id, subject, 1 from (values (new.organizer_id), (new.room_id), (new.service_id)) s (subject)
     where subject is not null order by subject
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  end if;
  return null;
end $$;

-- Time that changes touches what it was and what it is in one step: two would each have an order of their own, and wait for each other.
drop trigger revise_before on bookings_time;
drop trigger revise_after on bookings_time;
create function app.bookings_retimed() returns trigger language plpgsql as $$
begin
  if pg_catalog.current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
    return null;
  end if;
  insert into public.bookings_revision as r (workspace_id, subject, revision)
  select distinct workspace_id, subject, 1
    from (select workspace_id, organizer_id, room_id, service_id, capacity from was
          union all select workspace_id, organizer_id, room_id, service_id, capacity from became) rows
    cross join lateral (values (organizer_id), (room_id), (case when capacity > 1 then service_id end)) s (subject)
   where subject is not null order by subject
  on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  return null;
end $$;
revoke all on function app.bookings_retimed from public;
create trigger revise_update after update on bookings_time referencing old table as was new table as became
  for each statement execute function app.bookings_retimed();
