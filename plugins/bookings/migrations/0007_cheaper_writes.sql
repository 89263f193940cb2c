-- A check of a table is parsed anew by every statement that writes to it (7 to 16 us each); a domain's is kept by the connection.
create domain bookings_status as text constraint ck_bookings_status check (value in ('pending', 'booked', 'cancelled', 'completed', 'no_show'));
create domain bookings_location_kind as text constraint ck_bookings_location_kind check (value in ('in_person', 'online'));
create domain bookings_side as text constraint ck_bookings_cancelled_by check (value in ('client', 'studio', 'system'));
create domain bookings_seats as integer constraint ck_bookings_capacity check (value between 1 and 1000);
create domain bookings_attendance as text constraint ck_bookings_participant_status check (value in ('booked', 'left', 'attended', 'no_show'));
create domain bookings_fee_reason as text constraint ck_bookings_participant_fee_reason check (value in ('late_cancellation', 'no_show'));
alter table bookings
  drop constraint ck_bookings_status, drop constraint ck_bookings_location_kind, drop constraint ck_bookings_cancelled_by,
  drop constraint ck_bookings_capacity,
  alter column status type bookings_status, alter column location_kind type bookings_location_kind,
  alter column cancelled_by type bookings_side, alter column capacity type bookings_seats;
alter table bookings_participant
  drop constraint ck_bookings_participant_status, drop constraint ck_bookings_participant_fee_reason,
  alter column status type bookings_attendance, alter column fee_reason type bookings_fee_reason;

-- The policies that this plugin makes itself check what is written row by row, as those of app.protect do.
select app.check_by_row(t) from unnest('{bookings,bookings_participant,bookings_handed,user_roles}'::regclass[]) t;

-- One row is told by itself: a table of what a statement wrote costs more than what most of them write.
create function app.bookings_taken() returns trigger language plpgsql as $$
begin
  if new.room_id is null then
    insert into public.bookings_revision as r (workspace_id, subject, revision) values (new.workspace_id, new.organizer_id, 1)
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  else
    -- In one order, so that nobody waits for somebody who waits for them.
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select new.workspace_id, subject, 1 from (values (new.organizer_id), (new.room_id)) s (subject) order by subject
    on conflict (workspace_id, subject) do update set revision = r.revision + 1;
  end if;
  return null;
end $$;
revoke all on function app.bookings_taken from public;
drop trigger revise_insert on bookings_time;
create trigger revise_insert after insert on bookings_time for each row execute function app.bookings_taken();
