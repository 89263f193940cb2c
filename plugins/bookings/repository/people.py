"""What bookings know of a client, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from plugins.sdk import Row, ctx, sql

# Each kind has its own moment; a client's rows are found by their index, and no more of them leave than are asked for.
PAST: Final = sql(
    "select t.at, t.kind, t.title, t.reference from bookings_participant p"
    " join bookings b on b.workspace_id = p.workspace_id and b.id = p.booking_id"
    " cross join lateral (values (p.joined_at, 'bookings.booked', true), (p.left_at, 'bookings.left', p.status = 'left'),"
    " (b.cancelled_at, 'bookings.cancelled', b.status = 'cancelled' and p.status <> 'left'),"
    " (b.start_time, 'bookings.attended', p.status = 'attended'), (b.start_time, 'bookings.no_show', p.status = 'no_show')) k (at, kind, applies)"
    " cross join lateral (select k.at, k.kind, case when p.status = 'left' then p.left_title else b.title end as title, b.id as reference) t"
    " where p.workspace_id = $1 and p.client_id = $2 and k.applies and k.at <= $3 order by t.at desc, t.kind, t.reference limit $4",
    "workspace_id", "client_id", "until", "limit",
)  # fmt: skip
TO_COME: Final = sql(
    "select exists (select from bookings_participant p join bookings b on b.workspace_id = p.workspace_id and b.id = p.booking_id"
    " where p.workspace_id = $1 and p.client_id = $2 and p.status = 'booked' and b.status in ('pending', 'booked') and b.end_time > $3)"
    " or exists (select from bookings_queue_entry e join bookings b on b.workspace_id = e.workspace_id and b.id = e.booking_id"
    " where e.workspace_id = $1 and e.client_id = $2 and b.start_time > $3) as found",
    "workspace_id", "client_id", "now",
)  # fmt: skip
HOLD: Final = sql(
    "select from bookings_time where workspace_id = $1 and booking_id is not null and id in ("
    "select booking_id from bookings_participant where workspace_id = $1 and client_id in ($2, $3)"
    " union select booking_id from bookings_queue_entry where workspace_id = $1 and client_id in ($2, $3)) order by id for update",
    "workspace_id", "into", "source", locks=True,
)  # fmt: skip
RENAMED: Final = sql(
    "with theirs as (select id from bookings where workspace_id = $1 and id in (select booking_id from bookings_participant"
    " where workspace_id = $1 and client_id = $2 and status <> 'left') order by id for no key update)"
    " update bookings b set version = b.version + 1, updated_at = $3 from theirs where b.workspace_id = $1 and b.id = theirs.id",
    "workspace_id", "client_id", "now",
)  # fmt: skip
SHARED: Final = sql(
    "select i.booking_id, i.status as into_status, s.status as source_status from bookings_participant i join bookings_participant s"
    " on s.workspace_id = i.workspace_id and s.booking_id = i.booking_id and s.client_id = $3"
    " where i.workspace_id = $1 and i.client_id = $2 order by i.booking_id",
    "workspace_id", "into", "source",
)  # fmt: skip
UNITE: Final = sql(
    "with lost as (delete from bookings_participant where workspace_id = $1 and booking_id = $2 and client_id = $4 returning *)"
    " update bookings_participant k set sequence = greatest(k.sequence, lost.sequence) + 1,"
    " (fee_amount, fee_currency, fee_reason) = (select f.fee_amount, f.fee_currency, f.fee_reason from (values (0, k.fee_amount, k.fee_currency,"
    " k.fee_reason), (1, lost.fee_amount, lost.fee_currency, lost.fee_reason)) f (place, fee_amount, fee_currency, fee_reason)"
    " where f.place = 0 or k.status = lost.status"  # whoever comes after all has not left, and who came did not stay away
    " order by f.fee_amount is null, f.place limit 1) from lost"
    " where k.workspace_id = $1 and k.booking_id = $2 and k.client_id = $3",
    "workspace_id", "booking_id", "keep", "lose",
)  # fmt: skip
WAITING_TWICE: Final = sql(
    "select e.booking_id, e.client_id from bookings_queue_entry e"
    " join bookings_queue_place p on p.workspace_id = e.workspace_id and p.id = e.place_id"
    " where e.workspace_id = $1 and e.client_id in ($2, $3) and (exists (select from bookings_participant t where t.workspace_id = $1"
    " and t.booking_id = e.booking_id and t.client_id in ($2, $3) and t.status <> 'left')"
    " or exists (select from bookings_queue_entry o join bookings_queue_place q on q.workspace_id = o.workspace_id and q.id = o.place_id"
    " where o.workspace_id = $1 and o.booking_id = e.booking_id and o.client_id in ($2, $3) and q.number < p.number)) order by e.booking_id",
    "workspace_id", "into", "source",
)  # fmt: skip

REPOINT: Final = [
    sql(
        f"update {table} t set client_id = $3 where t.workspace_id = $1 and t.client_id = $2 and not exists ("
        f"select from {table} o where o.workspace_id = $1 and o.booking_id = t.booking_id and o.client_id = $3)",
        "workspace_id", "source", "into",
    )
    for table in ("bookings_participant", "bookings_queue_entry")
]  # fmt: skip


class People:
    """plugins.bookings.ports.people.People on the open transaction."""

    def past(self, client_id: UUID, until: datetime, limit: int) -> Sequence[Row]:
        return ctx.work.rows(PAST, client_id=client_id, until=until, limit=limit)

    def to_come(self, client_id: UUID, now: datetime) -> bool:
        found = ctx.work.one(TO_COME, client_id=client_id, now=now)
        return found is not None and bool(found["found"])

    def hold(self, into: UUID, source: UUID) -> None:
        ctx.work.write(HOLD, into=into, source=source)

    def renamed(self, client_id: UUID, now: datetime) -> None:
        ctx.work.write(RENAMED, client_id=client_id, now=now)

    def shared(self, into: UUID, source: UUID) -> Sequence[Row]:
        return ctx.work.rows(SHARED, into=into, source=source)

    def unite(self, booking_id: UUID, keep: UUID, lose: UUID) -> None:
        ctx.work.write(UNITE, booking_id=booking_id, keep=keep, lose=lose)

    def repoint(self, source: UUID, into: UUID) -> None:
        for each in REPOINT:
            ctx.work.write(each, source=source, into=into)

    def waiting_twice(self, into: UUID, source: UUID) -> Sequence[Row]:
        return ctx.work.rows(WAITING_TWICE, into=into, source=source)
