-- Who takes part, ascending: the participants that have not left, and kept equal to them here, whoever writes either.
alter table bookings add column attending uuid[] not null default '{}';
alter table bookings disable trigger audit_update;
update bookings b set attending = p.clients
  from (select workspace_id, booking_id, array_agg(client_id order by client_id) as clients
          from bookings_participant where status <> 'left' group by workspace_id, booking_id) p
 where b.workspace_id = p.workspace_id and b.id = p.booking_id;
alter table bookings enable trigger audit_update;

-- Who is named when it is booked takes part from then on.
create function app.bookings_attend() returns trigger language plpgsql as $$
begin
  insert into public.bookings_participant (workspace_id, booking_id, client_id, status, joined_at)
  select new.workspace_id, new.id, client, 'booked', new.created_at from unnest(new.attending) client;
  return null;
end $$;
create trigger attend after insert on bookings for each row when (new.attending <> '{}') execute function app.bookings_attend();

-- Who joins or leaves later, read anew under the booking's lock, so that nobody who came meanwhile is forgotten; once for all whom a statement
-- changed. They may not see the booking (a limited collaborator, who just left it), so for this step they are nobody in particular.
create function app.bookings_attending() returns trigger language plpgsql as $$
declare
  client text := coalesce(pg_catalog.current_setting('app.client_id', true), '');
  own text := coalesce(pg_catalog.current_setting('app.own', true), '');
  workspace uuid := coalesce(new.workspace_id, old.workspace_id);
  booking uuid := coalesce(new.booking_id, old.booking_id);
  known uuid[];
begin
  if pg_catalog.current_setting('app.purging', true) = 'on' and session_user = 'fitpro_owner' then
    return null;
  end if;
  perform pg_catalog.set_config('app.client_id', '', true), pg_catalog.set_config('app.own', '', true);
  select b.attending into known from public.bookings b where b.workspace_id = workspace and b.id = booking for no key update;
  if (new.status <> 'left' and new.client_id <> all (known)) or (old.client_id = any (known) and (new.status = 'left') is not false)
     or (old.client_id = any (known) and old.client_id <> new.client_id) then
    update public.bookings b
       set attending = array(select p.client_id from public.bookings_participant p
                              where p.workspace_id = workspace and p.booking_id = booking and p.status <> 'left' order by p.client_id)
     where b.workspace_id = workspace and b.id = booking;
  end if;
  perform pg_catalog.set_config('app.client_id', client, true), pg_catalog.set_config('app.own', own, true);
  return null;
end $$;
create trigger attending_insert after insert on bookings_participant for each row
  when (new.status <> 'left' and pg_trigger_depth() = 0) execute function app.bookings_attending();
create trigger attending_update after update on bookings_participant for each row
  when ((old.status = 'left') <> (new.status = 'left') or old.client_id <> new.client_id) execute function app.bookings_attending();
create trigger attending_delete after delete on bookings_participant for each row
  when (old.status <> 'left') execute function app.bookings_attending();

create function app.bookings_attending_follows() returns trigger language plpgsql as $$
begin
  raise exception 'who attends follows from the participants' using errcode = '23514', constraint = 'ck_bookings_attending';
end $$;
create trigger attending_follows before update of attending on bookings for each row
  when (old.attending <> new.attending and pg_trigger_depth() = 0) execute function app.bookings_attending_follows();
revoke all on function app.bookings_attend, app.bookings_attending, app.bookings_attending_follows from public;

-- The first moment of a participant is in the audit of the booking, which names them; from then on they have entries of their own.
drop trigger audit_insert on bookings_participant;
comment on table bookings_participant is 'changes audited';
