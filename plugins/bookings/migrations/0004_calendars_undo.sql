drop table bookings_external_busy, bookings_calendar;
drop policy cliente on bookings;
create policy cliente on bookings as restrictive to fitpro_app
  using ((select app.client() is null) or booked_by = (select app.usr()) or id = any ((select app.bookings_mine())::uuid[]))
  with check ((select app.client() is null) or booked_by = (select app.usr()) or id = any ((select app.bookings_mine())::uuid[]));
drop policy cliente on bookings_participant;
create policy cliente on bookings_participant as restrictive to fitpro_app
  using ((select app.client() is null) or client_id = (select app.client()))
  with check ((select app.client() is null) or client_id = (select app.client()));
drop policy cliente on user_roles;
create policy cliente on user_roles as restrictive to fitpro_app
  using ((select app.client() is null) or user_id = (select app.usr()))
  with check ((select app.client() is null) or user_id = (select app.usr()));
drop function app.bookings_feed_bookings, app.bookings_feed_client, app.bookings_feed_organizer, app.bookings_feed_user;
drop table bookings_feed;
