-- Whoever gives a seat back may not see the class: a Cliente who only waited, a collaborator limited to others. For the step of its version, and
-- nothing else of it, they are nobody in particular.
create function app.bookings_reseated(p_booking uuid, p_at timestamptz) returns void language plpgsql volatile as $$
declare
  client text := coalesce(pg_catalog.current_setting('app.client_id', true), '');
  own text := coalesce(pg_catalog.current_setting('app.own', true), '');
begin
  perform pg_catalog.set_config('app.client_id', '', true), pg_catalog.set_config('app.own', '', true);
  update public.bookings set version = version + 1, updated_at = p_at where workspace_id = (select app.ws()) and id = p_booking;
  perform pg_catalog.set_config('app.client_id', client, true), pg_catalog.set_config('app.own', own, true);
end $$;
revoke all on function app.bookings_reseated from public;
grant execute on function app.bookings_reseated to fitpro_app;
-- That was a job's, which there is none of any more.
delete from outbox_deliveries where handler = 'bookings:reseated' and done_at is null;

-- Whether a booking was still a request when it was called off: that is never late.
alter table bookings add column unapproved boolean not null default false;
