-- A calendar to subscribe to: who has its address sees what the person it belongs to may, as long as they are a member.
create table bookings_feed (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  mode text not null,
  digest bytea not null,
  issue integer not null default 1,
  revoked_at timestamptz,
  last_used_at timestamptz,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_feed primary key (workspace_id, id),
  constraint ck_bookings_feed_mode check (mode in ('full', 'freebusy')),
  constraint uq_bookings_feed_digest unique (workspace_id, digest),
  constraint fk_bookings_feed_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_bookings_feed_user_id on bookings_feed (workspace_id, user_id);
create unique index uq_bookings_feed_live on bookings_feed (workspace_id, user_id, mode) where revoked_at is null;
select app.protect('bookings_feed', masked => '{digest}',
  cliente => 'user_id = (select app.usr()) or digest = (select app.capability())');

-- Whose calendar the holder of an address reads; NULL for everybody else.
create function app.bookings_feed_user() returns uuid language plpgsql stable parallel safe as $$
begin
  if (select app.capability()) is null then
    return null;
  end if;
  return (select user_id from public.bookings_feed
           where workspace_id = (select app.ws()) and digest = (select app.capability()) and revoked_at is null);
end $$;
-- They find that membership, and nobody else's, so that the feed ends with it and follows its role.
drop policy cliente on user_roles;
create policy cliente on user_roles as restrictive to fitpro_app
  using ((select app.client() is null) or user_id = (select app.usr()) or user_id = (select app.bookings_feed_user()))
  with check ((select app.client() is null) or user_id = (select app.usr()) or user_id = (select app.bookings_feed_user()));

create function app.bookings_feed_organizer() returns uuid language plpgsql stable parallel safe as $$
begin
  if (select app.capability()) is null then
    return null;
  end if;
  return (select user_id from public.user_roles
           where workspace_id = (select app.ws()) and user_id = (select app.bookings_feed_user()) and role <> 'Cliente' and ended_at is null);
end $$;
create function app.bookings_feed_client() returns uuid language plpgsql stable parallel safe as $$
begin
  if (select app.capability()) is null then
    return null;
  end if;
  return (select client_id from public.user_roles
           where workspace_id = (select app.ws()) and user_id = (select app.bookings_feed_user()) and role = 'Cliente' and ended_at is null);
end $$;
create function app.bookings_feed_bookings() returns uuid[] language plpgsql stable parallel safe as $$
begin
  if (select app.capability()) is null then
    return '{}';
  end if;
  return array(select booking_id from public.bookings_participant
                where workspace_id = (select app.ws()) and client_id = (select app.bookings_feed_client()));
end $$;
revoke all on function app.bookings_feed_user, app.bookings_feed_organizer, app.bookings_feed_client, app.bookings_feed_bookings from public;
grant execute on function app.bookings_feed_user, app.bookings_feed_organizer, app.bookings_feed_client, app.bookings_feed_bookings to fitpro_app;

drop policy cliente on bookings_participant;
create policy cliente on bookings_participant as restrictive to fitpro_app
  using ((select app.client() is null) or client_id = (select app.client()) or client_id = (select app.bookings_feed_client()))
  with check ((select app.client() is null) or client_id = (select app.client()) or client_id = (select app.bookings_feed_client()));
drop policy cliente on bookings;
create policy cliente on bookings as restrictive to fitpro_app
  using ((select app.client() is null) or booked_by = (select app.usr()) or id = any ((select app.bookings_mine())::uuid[])
    or organizer_id = (select app.bookings_feed_organizer()) or id = any ((select app.bookings_feed_bookings())::uuid[]))
  with check ((select app.client() is null) or booked_by = (select app.usr()) or id = any ((select app.bookings_mine())::uuid[])
    or organizer_id = (select app.bookings_feed_organizer()) or id = any ((select app.bookings_feed_bookings())::uuid[]));

-- Somebody's calendar elsewhere. Its address is a secret of theirs and is sealed.
create table bookings_calendar (
  workspace_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  name text not null,
  url text not null,
  status text not null,
  last_fetched_at timestamptz,
  last_tried_at timestamptz not null,
  last_error text,
  events integer not null,
  notes jsonb not null,
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_bookings_calendar primary key (workspace_id, id),
  constraint ck_bookings_calendar_status check (status in ('ok', 'failing')),
  constraint fk_bookings_calendar_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_bookings_calendar_user_id on bookings_calendar (workspace_id, user_id);
select app.protect('bookings_calendar', masked => '{url,name}');

-- When it says that they are taken, and nothing of what it says else, so everybody may ask what is free.
create table bookings_external_busy (
  workspace_id uuid not null,
  calendar_id uuid not null,
  user_id uuid not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  constraint pk_bookings_external_busy primary key (workspace_id, calendar_id, starts_at),
  constraint ck_bookings_external_busy_ends check (ends_at > starts_at),
  constraint fk_bookings_external_busy_calendar_id foreign key (workspace_id, calendar_id)
    references bookings_calendar (workspace_id, id) on delete restrict,
  constraint fk_bookings_external_busy_user_id foreign key (workspace_id, user_id)
    references user_roles (workspace_id, user_id) on delete restrict
);
create index ix_bookings_external_busy_user_id on bookings_external_busy (workspace_id, user_id, ends_at);
select app.protect('bookings_external_busy', cliente => 'true', audited => false);
create trigger revise_insert after insert on bookings_external_busy
  referencing new table as rows for each statement execute function app.bookings_touched('user');
create trigger revise_delete after delete on bookings_external_busy
  referencing old table as rows for each statement execute function app.bookings_touched('user');
create trigger revise_before after update on bookings_external_busy
  referencing old table as rows for each statement execute function app.bookings_touched('user');
create trigger revise_after after update on bookings_external_busy
  referencing new table as rows for each statement execute function app.bookings_touched('user');
