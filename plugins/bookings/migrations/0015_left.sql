-- Who left keeps the booking as it was then, in their calendar, their data and their past: what becomes of it afterwards is others'. Of who left
-- before, nobody knows any more how it was: they keep what it is now.
alter table bookings_participant add column left_title text, add column left_start timestamptz, add column left_end timestamptz;
alter table bookings_participant disable trigger audit_update;
update bookings_participant p set left_title = b.title, left_start = b.start_time, left_end = b.end_time
  from bookings b where p.status = 'left' and b.workspace_id = p.workspace_id and b.id = p.booking_id;
alter table bookings_participant enable trigger audit_update;

-- A trigger, so that no way to leave can be forgotten.
create function app.bookings_left() returns trigger language plpgsql as $$
begin
  if new.status = 'left' then
    select b.title, b.start_time, b.end_time into new.left_title, new.left_start, new.left_end
      from public.bookings b where b.workspace_id = new.workspace_id and b.id = new.booking_id;
  else
    new.left_title := null;
    new.left_start := null;
    new.left_end := null;
  end if;
  return new;
end $$;
revoke all on function app.bookings_left from public;
create trigger leaving before update of status on bookings_participant for each row
  when ((old.status = 'left') <> (new.status = 'left')) execute function app.bookings_left();
