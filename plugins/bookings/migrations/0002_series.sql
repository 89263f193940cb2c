-- What repeats, by which rule. first_wall, exdates: what the clocks of the zone show; minutes: how long each lasts.
create table bookings_series (
  workspace_id uuid not null,
  id uuid not null,
  rule text not null,
  first_wall timestamp not null,
  timezone text not null,
  minutes integer not null,
  exdates timestamp[] not null default '{}',
  title text not null,
  organizer_id uuid not null,
  service_id uuid,
  booked_by uuid,
  status text not null default 'active',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_series primary key (workspace_id, id),
  constraint ck_bookings_series_minutes check (minutes between 5 and 1440),
  constraint ck_bookings_series_status check (status in ('active', 'cancelled')),
  constraint fk_bookings_series_organizer_id foreign key (workspace_id, organizer_id)
    references user_roles (workspace_id, user_id) on delete restrict,
  constraint fk_bookings_series_service_id foreign key (workspace_id, service_id)
    references bookings_service (workspace_id, id) on delete restrict
);
create index ix_bookings_series_organizer_id on bookings_series (workspace_id, organizer_id);
create index ix_bookings_series_service_id on bookings_series (workspace_id, service_id) where service_id is not null;
select app.protect('bookings_series');
select app.limit_to_own('bookings_series', 'organizer_id = (select app.usr()) or booked_by = (select app.usr())');

-- occurrence: the wall time by the rule. It stays when the booking moves alone, so that none is made twice.
alter table bookings
  add column series_id uuid,
  add column occurrence timestamp,
  add constraint ck_bookings_occurrence check ((series_id is null) = (occurrence is null)),
  add constraint fk_bookings_series_id foreign key (workspace_id, series_id) references bookings_series (workspace_id, id) on delete restrict,
  -- At the end of each statement: occurrences that move by a day take one another's place.
  add constraint uq_bookings_series_id_occurrence unique (workspace_id, series_id, occurrence) deferrable initially immediate;
