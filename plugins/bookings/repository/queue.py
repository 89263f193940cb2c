"""The queues of classes in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plugins.bookings.repository.conditions import of_everybody
from plugins.sdk import Conflict, Fault, Forbidden, Invalid, Row, constraints, ctx, sql

constraints["fk_bookings_queue_entry_client_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/client_id", "No such client in this workspace.")]
)
constraints["bookings_queue_entry.scope"] = lambda: Invalid(
    code="own_clients_only", errors=[Fault("/client_id", "You are limited to your own clients.")]
)
constraints["bookings_queue_entry.cliente"] = lambda: Forbidden("You book for yourself.")
constraints["uq_bookings_queue_entry_booking_id"] = lambda: Conflict("They are in the queue already.", code="already_queued")

LOCK: Final = sql(
    "select from bookings_time where workspace_id = $1 and id = any($2::uuid[]) and booking_id is not null order by id for update",
    "workspace_id", "ids", locks=True,
)  # fmt: skip
QUEUED: Final = sql(
    "select distinct booking_id from bookings_queue_place where workspace_id = $1 and booking_id = any($2::uuid[])", "workspace_id", "ids"
)
# One statement, so that no seat is ever counted by halves; what waits is read after the lock.
SETTLE: Final = sql(
    "with class as (select * from bookings_time where workspace_id = $1 and id = $2 and booking_id is not null),"
    " gone as (delete from bookings_queue_place p using class where p.workspace_id = $1 and p.booking_id = $2 and p.status = 'offered'"
    " and (p.offered_until <= $4 or class.starts_at <= $4) returning p.id),"
    " free as (select case when $6 and starts_at > $4 then greatest(0, capacity - taken + $3::integer + (select count(*) from gone)) else 0 end"
    " as seats, least($4::timestamptz + make_interval(mins => $5::integer), starts_at) as until from class),"
    " offered as (update bookings_queue_place p set status = 'offered', offered_until = free.until from free"
    " where p.workspace_id = $1 and p.id in (select id from bookings_queue_place where workspace_id = $1 and booking_id = $2"
    " and status = 'waiting' order by number limit (select seats from free)) returning p.id),"
    " counted as (select (select count(*) from offered) - (select count(*) from gone) - $3::integer as more),"
    " seated as (update bookings_time t set taken = t.taken + counted.more from counted"
    " where t.workspace_id = $1 and t.id = $2 and t.booking_id is not null and counted.more <> 0),"
    " raised as (select app.bookings_reseated($2, $4) from counted where counted.more <> 0)"
    " select class.starts_at, class.ends_at, class.organizer_id, class.service_id, class.capacity,"
    " (class.taken + counted.more)::integer as taken, free.until, to_json(array(select id from offered)) as offered,"
    " (select count(*) from raised) as raised from class, counted, free",
    "workspace_id", "id", "freed", "now", "minutes", "offering",
)  # fmt: skip
UNSETTLED: Final = sql(
    "select t.id from bookings_time t where t.workspace_id = $1 and t.booking_id is not null and t.id in ("
    "select p.booking_id from bookings_queue_place p where p.workspace_id = $1"
    " and (p.offered_until <= $2 or (p.status = 'waiting' and t.taken < t.capacity and t.starts_at > $2))) order by t.starts_at, t.id",
    "workspace_id", "now",
)  # fmt: skip
FORGET: Final = sql(
    "with gone as (delete from bookings_queue_place p using bookings_queue_entry e where e.workspace_id = $1 and e.booking_id = any($2::uuid[])"
    " and e.client_id = any($3::uuid[]) and p.workspace_id = $1 and p.id = e.place_id returning p.booking_id, p.status),"
    " given as (select booking_id, count(*) as seats from gone where status = 'offered' group by booking_id),"
    " seated as (update bookings_time t set taken = t.taken - given.seats from given where t.workspace_id = $1 and t.id = given.booking_id),"
    " raised as (select app.bookings_reseated(booking_id, $4) from given)"
    " select (select count(*) from given) > 0 as given, (select count(*) from raised) as raised",
    "workspace_id", "ids", "clients", "now",
)  # fmt: skip
CLOSE: Final = sql(
    "with gone as (delete from bookings_queue_place where workspace_id = $1 and booking_id = any($2::uuid[])"
    " returning id, booking_id, number, status),"
    " given as (select booking_id, count(*) as seats from gone where status = 'offered' group by booking_id),"
    " seated as (update bookings_time t set taken = t.taken - given.seats from given where t.workspace_id = $1 and t.id = given.booking_id)"
    " select e.booking_id, e.client_id from gone join bookings_queue_entry e on e.workspace_id = $1 and e.place_id = gone.id"
    " order by e.booking_id, gone.number",
    "workspace_id", "ids",
)  # fmt: skip
STANDING: Final = sql(
    "select exists (select from bookings_participant where workspace_id = $1 and booking_id = $2 and client_id = $3 and status <> 'left')"
    " as takes_part, (select count(*) from bookings_queue_place where workspace_id = $1 and booking_id = $2) as waiting,"
    " p.id as place_id, p.status from (select) one left join (bookings_queue_entry e join bookings_queue_place p"
    " on p.workspace_id = e.workspace_id and p.id = e.place_id) on e.workspace_id = $1 and e.booking_id = $2 and e.client_id = $3",
    "workspace_id", "booking_id", "client_id",
)  # fmt: skip
ADD: Final = sql(
    "insert into bookings_queue_place (workspace_id, id, booking_id, number, joined_at) select $1, $2, $3, coalesce(max(number), 0) + 1, $4"
    " from bookings_queue_place where workspace_id = $1 and booking_id = $3",
    "workspace_id", "place_id", "booking_id", "now",
)  # fmt: skip
ENTER: Final = sql(
    "insert into bookings_queue_entry (workspace_id, place_id, booking_id, client_id) values ($1, $2, $3, $4)",
    "workspace_id", "place_id", "booking_id", "client_id",
)  # fmt: skip
DROP: Final = sql("delete from bookings_queue_place where workspace_id = $1 and id = $2", "workspace_id", "place_id")
_PLACED: Final = (
    "select e.client_id, p.position, p.status, p.offered_until, p.joined_at, p.overdue from"
    " (select id, status, offered_until, joined_at, row_number() over (order by number) as position,"
    " bool_or(status = 'offered' and offered_until <= $3::timestamptz) over () as overdue"
    " from bookings_queue_place where workspace_id = $1 and booking_id = $2) p"
    " join bookings_queue_entry e on e.workspace_id = $1 and e.place_id = p.id"
)
ONE: Final = sql(f"{_PLACED} where e.client_id = $4", "workspace_id", "booking_id", "now", "client_id")
PAGE: Final = sql(f"{_PLACED} where p.position > $4 order by p.position limit $5", "workspace_id", "booking_id", "now", "after", "limit")
# A Cliente reads no booking of others: what they wait for, they see as free times show it.
PLACES: Final = sql(
    "with standing as not materialized (select * from bookings_queue_place where workspace_id = $1"
    " and (offered_until is null or offered_until > $2::timestamptz))"
    " select e.client_id, p.booking_id, t.service_id, t.organizer_id, t.starts_at as start_time, t.ends_at as end_time, p.number, p.status,"
    " p.offered_until, p.joined_at, (select count(*) from standing o where o.booking_id = p.booking_id and o.number <= p.number) as position"
    " from bookings_queue_entry e join standing p on p.id = e.place_id join bookings_time t on t.workspace_id = $1 and t.id = p.booking_id"
    " where e.workspace_id = $1 and t.starts_at > $2 and ($3::uuid is null or e.client_id = $3)"
    " and ($4::timestamptz is null or (t.starts_at, p.booking_id, p.number) > ($4, $5::uuid, $6::bigint))"
    " order by t.starts_at, p.booking_id, p.number limit $7",
    "workspace_id", "now", "client_id", "after_start", "after_id", "after_number", "limit",
)  # fmt: skip
OFFER: Final = sql(
    "select c.email, c.full_name, b.title, b.start_time, p.offered_until, w.timezone from bookings_queue_place p"
    " join bookings_queue_entry e on e.workspace_id = $1 and e.place_id = p.id join clients c on c.workspace_id = $1 and c.id = e.client_id"
    " join bookings b on b.workspace_id = $1 and b.id = p.booking_id join workspaces w on w.id = $1"
    " where p.workspace_id = $1 and p.id = $2 and p.status = 'offered' and c.archived_at is null",
    "workspace_id", "place_id",
)  # fmt: skip


class Queue:
    """plugins.bookings.ports.queue.Turns and Queue on the open transaction."""

    def settle(self, booking_id: UUID, freed: int, now: datetime, offer_minutes: int, *, offering: bool) -> Row | None:
        ctx.work.write(LOCK, ids=[booking_id])
        found = ctx.work.one(SETTLE, id=booking_id, freed=freed, now=now, minutes=offer_minutes, offering=offering)
        return None if found is None else {**found, "offered": [UUID(each) for each in found["offered"]]}

    def unsettled(self, now: datetime) -> Sequence[UUID]:
        return [row["id"] for row in ctx.work.rows(UNSETTLED, now=now)]

    def forget(self, ids: Collection[UUID], clients: Collection[UUID], now: datetime) -> bool:
        ctx.work.write(LOCK, ids=list(ids))
        found = ctx.work.one(FORGET, ids=list(ids), clients=list(clients), now=now)
        return found is not None and bool(found["given"])

    def queued(self, ids: Collection[UUID]) -> Collection[UUID]:
        if not ids:
            return ()
        ctx.work.write(LOCK, ids=list(ids))
        return {row["booking_id"] for row in ctx.work.rows(QUEUED, ids=list(ids))}

    def close(self, ids: Collection[UUID]) -> Sequence[Row]:
        ctx.work.write(LOCK, ids=list(ids))
        with of_everybody():
            return ctx.work.rows(CLOSE, ids=list(ids))

    def standing(self, booking_id: UUID, client_id: UUID) -> Row:
        found = ctx.work.one(STANDING, booking_id=booking_id, client_id=client_id)
        assert found is not None
        return found

    def add(self, place_id: UUID, booking_id: UUID, client_id: UUID, now: datetime) -> None:
        ctx.work.write(ADD, place_id=place_id, booking_id=booking_id, now=now)
        ctx.work.write(ENTER, place_id=place_id, booking_id=booking_id, client_id=client_id)

    def drop(self, place_id: UUID) -> None:
        ctx.work.write(DROP, place_id=place_id)

    def one(self, booking_id: UUID, client_id: UUID) -> Row | None:
        return ctx.work.one(ONE, booking_id=booking_id, now=ctx.now, client_id=client_id)

    def page(self, booking_id: UUID, now: datetime, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(PAGE, booking_id=booking_id, now=now, after=after[0] if after else 0, limit=limit)

    def places(self, client_id: UUID | None, now: datetime, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        start, id, number = after or (None, None, None)
        return ctx.work.rows(PLACES, client_id=client_id, now=now, after_start=start, after_id=id, after_number=number, limit=limit)

    def offer(self, place_id: UUID) -> Row | None:
        return ctx.work.one(OFFER, place_id=place_id)
