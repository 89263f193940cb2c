-- Reminders of a booking that are over, for the start it had then: all so many minutes before it, and earlier ones.
create table bookings_reminded (
  workspace_id uuid not null,
  booking_id uuid not null,
  start_time timestamptz not null,
  minutes integer not null,
  constraint pk_bookings_reminded primary key (workspace_id, booking_id),
  constraint fk_bookings_reminded_booking_id foreign key (workspace_id, booking_id)
    references bookings (workspace_id, id) on delete cascade
);
select app.protect('bookings_reminded', audited => false);
