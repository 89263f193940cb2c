-- A range of one id: with it GiST tells whose time overlaps whose, without the extension btree_gist.
create type bookings_ids as range (subtype = uuid);

create table bookings_room (
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  description text,
  archived_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_room primary key (workspace_id, id),
  constraint uq_bookings_room_name unique (workspace_id, name)
);
select app.protect('bookings_room', cliente => 'true');

create table bookings_service (
  workspace_id uuid not null,
  id uuid not null,
  name text not null,
  description text,
  duration_minutes integer not null,
  buffer_before_minutes integer not null default 0,
  buffer_after_minutes integer not null default 0,
  step_minutes integer not null,
  notice_minutes integer not null default 0,
  window_days integer not null default 60,
  capacity integer not null default 1,
  location_kind text,
  location text,
  price_amount bigint,
  price_currency text,
  needs_approval boolean not null default false,
  self_service boolean not null default true,
  public boolean not null default false,
  free_until_minutes integer not null default 0,
  late_fee_amount bigint,
  no_show_fee_amount bigint,
  fee_currency text,
  archived_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_service primary key (workspace_id, id),
  constraint uq_bookings_service_name unique (workspace_id, name),
  constraint ck_bookings_service_duration check (duration_minutes between 5 and 1440),
  constraint ck_bookings_service_buffers check (buffer_before_minutes between 0 and 720 and buffer_after_minutes between 0 and 720),
  constraint ck_bookings_service_capacity check (capacity between 1 and 1000),
  constraint ck_bookings_service_location_kind check (location_kind in ('in_person', 'online'))
);
select app.protect('bookings_service', cliente => 'true');

create table bookings_service_staff (
  workspace_id uuid not null,
  service_id uuid not null,
  user_id uuid not null,
  constraint pk_bookings_service_staff primary key (workspace_id, service_id, user_id),
  constraint fk_bookings_service_staff_service_id foreign key (workspace_id, service_id)
    references bookings_service (workspace_id, id) on delete cascade,
  constraint fk_bookings_service_staff_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_bookings_service_staff_user_id on bookings_service_staff (workspace_id, user_id);
select app.protect('bookings_service_staff', cliente => 'true', record => 'service_id');

create table bookings_service_room (
  workspace_id uuid not null,
  service_id uuid not null,
  room_id uuid not null,
  constraint pk_bookings_service_room primary key (workspace_id, service_id, room_id),
  constraint fk_bookings_service_room_service_id foreign key (workspace_id, service_id)
    references bookings_service (workspace_id, id) on delete cascade,
  constraint fk_bookings_service_room_room_id foreign key (workspace_id, room_id)
    references bookings_room (workspace_id, id) on delete restrict
);
create index ix_bookings_service_room_room_id on bookings_service_room (workspace_id, room_id);
select app.protect('bookings_service_room', cliente => 'true', record => 'service_id');

-- When somebody works: weekly hours and exceptions in local wall time, one document that is read and replaced whole.
create table bookings_schedule (
  workspace_id uuid not null,
  user_id uuid not null,
  timezone text,
  weekly jsonb not null,
  overrides jsonb not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_schedule primary key (workspace_id, user_id),
  constraint fk_bookings_schedule_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict
);
select app.protect('bookings_schedule', cliente => 'true', record => 'user_id');

-- Somebody is away, a room is closed, or (neither) the studio is.
create table bookings_time_off (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid,
  room_id uuid,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_time_off primary key (workspace_id, id),
  constraint ck_bookings_time_off_ends check (ends_at > starts_at),
  constraint ck_bookings_time_off_subject check (user_id is null or room_id is null),
  constraint fk_bookings_time_off_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict,
  constraint fk_bookings_time_off_room_id foreign key (workspace_id, room_id)
    references bookings_room (workspace_id, id) on delete cascade
);
create index ix_bookings_time_off_user_id on bookings_time_off (workspace_id, user_id);
create index ix_bookings_time_off_room_id on bookings_time_off (workspace_id, room_id);
create index ix_bookings_time_off_listed on bookings_time_off (workspace_id, starts_at, id);
select app.protect('bookings_time_off', cliente => 'true', masked => '{reason}');

create table bookings (
  workspace_id uuid not null,
  id uuid not null,
  organizer_id uuid not null,
  service_id uuid,
  room_id uuid,
  title text not null,
  start_time timestamptz not null,
  end_time timestamptz not null,
  location_kind text,
  location text,
  status text not null,
  capacity integer not null,
  notes text,
  buffer_before_minutes integer not null,
  buffer_after_minutes integer not null,
  price_amount bigint,
  price_currency text,
  free_until_minutes integer,
  late_fee_amount bigint,
  no_show_fee_amount bigint,
  fee_currency text,
  booked_by uuid,
  cancelled_at timestamptz,
  cancelled_by text,
  cancel_reason text,
  sequence integer not null default 0,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings primary key (workspace_id, id),
  constraint ck_bookings_end_time check (end_time > start_time),
  constraint ck_bookings_status check (status in ('pending', 'booked', 'cancelled', 'completed', 'no_show')),
  constraint ck_bookings_location_kind check (location_kind in ('in_person', 'online')),
  constraint ck_bookings_cancelled_by check (cancelled_by in ('client', 'studio', 'system')),
  constraint ck_bookings_capacity check (capacity between 1 and 1000),
  constraint fk_bookings_organizer_id foreign key (workspace_id, organizer_id)
    references user_roles (workspace_id, user_id) on delete restrict,
  constraint fk_bookings_service_id foreign key (workspace_id, service_id)
    references bookings_service (workspace_id, id) on delete restrict,
  constraint fk_bookings_room_id foreign key (workspace_id, room_id)
    references bookings_room (workspace_id, id) on delete restrict
);
create index ix_bookings_start_time on bookings (workspace_id, start_time, id);
create index ix_bookings_organizer_id on bookings (workspace_id, organizer_id, start_time, id);
create index ix_bookings_service_id on bookings (workspace_id, service_id) where service_id is not null;
create index ix_bookings_room_id on bookings (workspace_id, room_id, start_time) where room_id is not null;

-- Who comes. A fee is what they owe for coming not, or for saying so too late.
create table bookings_participant (
  workspace_id uuid not null,
  booking_id uuid not null,
  client_id uuid not null,
  status text not null,
  joined_at timestamptz not null,
  left_at timestamptz,
  fee_amount bigint,
  fee_currency text,
  fee_reason text,
  constraint pk_bookings_participant primary key (workspace_id, booking_id, client_id),
  constraint ck_bookings_participant_status check (status in ('booked', 'left', 'attended', 'no_show')),
  constraint ck_bookings_participant_fee_reason check (fee_reason in ('late_cancellation', 'no_show')),
  constraint fk_bookings_participant_booking_id foreign key (workspace_id, booking_id)
    references bookings (workspace_id, id) on delete cascade,
  constraint fk_bookings_participant_client_id foreign key (workspace_id, client_id)
    references clients (workspace_id, id) on delete restrict
);
create index ix_bookings_participant_client_id on bookings_participant (workspace_id, client_id, booking_id);
select app.protect('bookings_participant', record => 'booking_id');

-- The bookings a Cliente takes part in, and those with a limited collaborator's own clients; asked once per query.
create function app.bookings_mine() returns uuid[] language plpgsql stable parallel safe as $$
begin
  return array(select booking_id from public.bookings_participant where workspace_id = (select app.ws()) and client_id = (select app.client()));
end $$;
create function app.bookings_of_own() returns uuid[] language plpgsql stable parallel safe as $$
begin
  return array(select booking_id from public.bookings_participant
                where workspace_id = (select app.ws()) and client_id = any ((select app.own_clients())::uuid[]));
end $$;
revoke all on function app.bookings_mine, app.bookings_of_own from public;
grant execute on function app.bookings_mine, app.bookings_of_own to fitpro_app;
-- Whoever books sees what they book, also before they are written down as taking part.
select app.protect('bookings', masked => '{notes,cancel_reason}',
  cliente => 'booked_by = (select app.usr()) or id = any ((select app.bookings_mine())::uuid[])');
select app.limit_to_own('bookings',
  'organizer_id = (select app.usr()) or booked_by = (select app.usr()) or id = any ((select app.bookings_of_own())::uuid[])');

-- The time that bookings and holds take, with their buffers. It names nobody but the organizer, so everybody may ask what is free; that no
-- two overlap is the database's to say. taken, capacity: seats.
create table bookings_time (
  workspace_id uuid not null,
  id uuid not null,
  booking_id uuid,
  organizer_id uuid not null,
  room_id uuid,
  service_id uuid,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  blocked tstzrange not null,
  capacity integer not null,
  taken integer not null,
  expires_at timestamptz,
  held_by uuid,
  constraint pk_bookings_time primary key (workspace_id, id),
  constraint ck_bookings_time_taken check (taken between 0 and capacity),
  constraint ck_bookings_time_kind check ((booking_id is null) = (expires_at is not null)),
  constraint fk_bookings_time_booking_id foreign key (workspace_id, booking_id)
    references bookings (workspace_id, id) on delete cascade,
  constraint fk_bookings_time_organizer_id foreign key (workspace_id, organizer_id)
    references user_roles (workspace_id, user_id) on delete restrict,
  constraint fk_bookings_time_room_id foreign key (workspace_id, room_id)
    references bookings_room (workspace_id, id) on delete restrict,
  constraint ex_bookings_time_organizer exclude using gist (
    bookings_ids(workspace_id, workspace_id, '[]') with &&, bookings_ids(organizer_id, organizer_id, '[]') with &&, blocked with &&),
  constraint ex_bookings_time_room exclude using gist (
    bookings_ids(workspace_id, workspace_id, '[]') with &&, bookings_ids(room_id, room_id, '[]') with &&, blocked with &&)
    where (room_id is not null)
);
create index ix_bookings_time_organizer_id on bookings_time (workspace_id, organizer_id, starts_at);
create index ix_bookings_time_room_id on bookings_time (workspace_id, room_id, starts_at) where room_id is not null;
create index ix_bookings_time_service_id on bookings_time (workspace_id, service_id, starts_at) where service_id is not null;
create index ix_bookings_time_expires_at on bookings_time (workspace_id, expires_at) where expires_at is not null;
select app.protect('bookings_time', cliente => 'true', audited => false);

-- How often the time of a person, of a room, or (the workspace's own id) the rules of all have changed: what a cached answer was made from.
create table bookings_revision (
  workspace_id uuid not null,
  subject uuid not null,
  revision bigint not null,
  constraint pk_bookings_revision primary key (workspace_id, subject)
);
select app.protect('bookings_revision', cliente => 'true', audited => false);

-- A trigger, so that no change of time or rules can be forgotten. Its argument says whose answers it touches.
create function app.bookings_touched() returns trigger language plpgsql as $$
begin
  if pg_catalog.current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
    return null;
  end if;
  if TG_ARGV[0] = 'time' then
    -- In one order, so that nobody waits for somebody who waits for them.
    insert into public.bookings_revision as r (workspace_id, subject, revision)
    select workspace_id, subject, 1 from (select workspace_id, organizer_id as subject from rows union select workspace_id, room_id from rows) s
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
revoke all on function app.bookings_touched from public;

-- What expired holds took of these people and rooms is free again. Looked for first: a delete of nothing would still run its triggers.
create function app.bookings_sweep(p_subjects uuid[]) returns void language plpgsql as $$
declare
  gone uuid[];
begin
  gone := array(select id from public.bookings_time where workspace_id = (select app.ws()) and expires_at <= clock_timestamp());
  if cardinality(gone) > 0 then
    delete from public.bookings_time where workspace_id = (select app.ws()) and id = any (gone)
       and (organizer_id = any (p_subjects) or room_id = any (p_subjects));
  end if;
end $$;
revoke all on function app.bookings_sweep from public;
grant execute on function app.bookings_sweep to fitpro_app;
