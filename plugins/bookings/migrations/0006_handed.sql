-- How often somebody left or came back: with the booking's own, the SEQUENCE in their calendar.
alter table bookings_participant add column sequence integer not null default 0;

-- Bookings that became another's, as their earlier organizer's calendar last had them: there they stay, cancelled.
create table bookings_handed (
  workspace_id uuid not null,
  booking_id uuid not null,
  user_id uuid not null,
  title text not null,
  location text,
  start_time timestamptz not null,
  end_time timestamptz not null,
  sequence integer not null,
  handed_at timestamptz not null,
  constraint pk_bookings_handed primary key (workspace_id, booking_id, user_id),
  constraint fk_bookings_handed_booking_id foreign key (workspace_id, booking_id)
    references bookings (workspace_id, id) on delete cascade,
  constraint fk_bookings_handed_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_bookings_handed_user_id on bookings_handed (workspace_id, user_id, start_time);
select app.protect('bookings_handed', cliente => 'user_id = (select app.bookings_feed_organizer())', audited => false);

-- A trigger, so that no way to another organizer can be forgotten. What comes back to somebody is theirs again.
create function app.bookings_handed() returns trigger language plpgsql as $$
begin
  delete from public.bookings_handed where workspace_id = new.workspace_id and booking_id = new.id and user_id = new.organizer_id;
  insert into public.bookings_handed (workspace_id, booking_id, user_id, title, location, start_time, end_time, sequence, handed_at)
  values (old.workspace_id, old.id, old.organizer_id, old.title, old.location, old.start_time, old.end_time, new.sequence, new.updated_at)
  on conflict (workspace_id, booking_id, user_id) do update set title = excluded.title, location = excluded.location,
    start_time = excluded.start_time, end_time = excluded.end_time, sequence = excluded.sequence, handed_at = excluded.handed_at;
  return null;
end $$;
revoke all on function app.bookings_handed from public;
create trigger handed after update of organizer_id on bookings
  for each row when (old.organizer_id is distinct from new.organizer_id) execute function app.bookings_handed();
