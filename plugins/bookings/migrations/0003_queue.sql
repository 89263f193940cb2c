-- Who waits for a seat of a class. Places name nobody, so that whoever frees a seat can offer it to the first of them; whose place it is
-- stands in a table of its own, which only the staff and that client read.
create table bookings_queue_place (
  workspace_id uuid not null,
  id uuid not null,
  booking_id uuid not null,
  number bigint not null,
  status text not null default 'waiting',
  offered_until timestamptz,
  joined_at timestamptz not null,
  constraint pk_bookings_queue_place primary key (workspace_id, id),
  constraint ck_bookings_queue_place_status check (status in ('waiting', 'offered')),
  constraint ck_bookings_queue_place_offered check ((status = 'offered') = (offered_until is not null)),
  constraint fk_bookings_queue_place_booking_id foreign key (workspace_id, booking_id)
    references bookings (workspace_id, id) on delete cascade,
  constraint uq_bookings_queue_place_number unique (workspace_id, booking_id, number)
);
select app.protect('bookings_queue_place', cliente => 'true', record => 'booking_id');

create table bookings_queue_entry (
  workspace_id uuid not null,
  place_id uuid not null,
  booking_id uuid not null,
  client_id uuid not null,
  constraint pk_bookings_queue_entry primary key (workspace_id, place_id),
  constraint fk_bookings_queue_entry_place_id foreign key (workspace_id, place_id)
    references bookings_queue_place (workspace_id, id) on delete cascade,
  constraint fk_bookings_queue_entry_booking_id foreign key (workspace_id, booking_id)
    references bookings (workspace_id, id) on delete cascade,
  constraint fk_bookings_queue_entry_client_id foreign key (workspace_id, client_id)
    references clients (workspace_id, id) on delete restrict,
  constraint uq_bookings_queue_entry_booking_id unique (workspace_id, booking_id, client_id)
);
create index ix_bookings_queue_entry_client_id on bookings_queue_entry (workspace_id, client_id);
select app.protect('bookings_queue_entry', record => 'booking_id');
