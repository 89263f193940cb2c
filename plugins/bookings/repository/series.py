"""Series in PostgreSQL: one statement for all occurrences."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plugins.bookings.domain.place import Place
from plugins.sdk import Document, Fault, Invalid, Refused, Row, constraints, ctx, sql

constraints["fk_bookings_series_organizer_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/organizer_id", "No such Owner or Colaborador in this workspace.")]
)
constraints["fk_bookings_series_service_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/service_id", "No such service in this workspace.")]
)
constraints["bookings_series.scope"] = lambda: Refused(
    "You would not see the series any more: change its bookings one by one, or ask who sees all.", code="own_clients_only"
)

_SHOWN: Final = (
    "select id, rule as rrule, to_json(first_wall) as first_wall, timezone, minutes, to_json(exdates) as exdates, title, organizer_id, service_id,"
    # One by one they are called off without a lock on their series.
    " booked_by, case when exists (select from bookings b where b.workspace_id = $1 and b.series_id = s.id and b.status <> 'cancelled') then status"
    " else 'cancelled' end as status, version, created_at, updated_at from bookings_series s where workspace_id = $1"
)
# As they see its bookings: of what they booked once for others, only while one of their clients takes part, or nobody does.
_THEIRS: Final = (
    " and (organizer_id = {0} or exists (select from bookings b where b.workspace_id = $1 and b.series_id = s.id and (b.organizer_id = {0}"
    " or (b.booked_by = {0} and b.attending = '{{}}') or exists (select from bookings_participant p where p.workspace_id = $1"
    " and p.booking_id = b.id and p.status <> 'left'))))"
)
_ONE: Final = " and id = $2"
_NEXT: Final = " and ($2::uuid is null or id > $2) order by id limit $3"
GET: Final = {
    True: sql(f"{_SHOWN}{_ONE}", "workspace_id", "id"),
    False: sql(f"{_SHOWN}{_THEIRS.format('$3')}{_ONE}", "workspace_id", "id", "actor_id"),
}
PAGE: Final = {
    True: sql(f"{_SHOWN}{_NEXT}", "workspace_id", "after", "limit"),
    False: sql(f"{_SHOWN}{_THEIRS.format('$4')}{_NEXT}", "workspace_id", "after", "limit", "actor_id"),
}
_STAFF: Final = (
    "coalesce((select m.user_id from user_roles m where m.workspace_id = $1 and m.user_id = {0}::uuid and m.role <> 'Cliente'"
    " and m.ended_at is null), '00000000-0000-0000-0000-000000000000')"
)
_NO_ROOM: Final = "'00000000-0000-0000-0000-000000000000'"
_KEPT: Final = {
    "rule": "text", "first_wall": "timestamp", "timezone": "text", "minutes": "integer", "exdates": "timestamp[]", "title": "text",
    "organizer_id": "uuid", "service_id": "uuid", "booked_by": "uuid", "status": "text",
}  # fmt: skip
ADD: Final = sql(
    f"insert into bookings_series (workspace_id, id, created_at, updated_at, {', '.join(_KEPT)})"
    f" values ($1, $2, $3, $3, {', '.join(f'${n}::{kind}' for n, kind in enumerate(_KEPT.values(), 4))})",
    "workspace_id", "id", "now", *_KEPT,
)  # fmt: skip
_CHANGING: Final = ("rule", "first_wall", "minutes", "exdates", "title", "organizer_id", "status")
CHANGE: Final = sql(
    "update bookings_series set version = version + 1, updated_at = $3, "
    + ", ".join(f"{name} = case when '{name}' = any($4::text[]) then ${n}::{_KEPT[name]} else {name} end" for n, name in enumerate(_CHANGING, 5))
    + " where workspace_id = $1 and id = $2",
    "workspace_id", "id", "now", "named", *_CHANGING,
)  # fmt: skip
SERIES_OF: Final = sql("select series_id from bookings where workspace_id = $1 and id = $2", "workspace_id", "id")
LOCK: Final = sql("select * from bookings_series where workspace_id = $1 and id = $2 for no key update", "workspace_id", "id", locks=True)
LOCK_TIMES: Final = sql(
    "select from bookings_time where workspace_id = $1 and booking_id is not null"
    " and id in (select id from bookings where workspace_id = $1 and series_id = $2) order by id for update",
    "workspace_id", "series_id", locks=True,
)  # fmt: skip
LOCK_BOOKINGS: Final = sql(
    "select b.*, array(select p.client_id from bookings_participant p where p.workspace_id = b.workspace_id and p.booking_id = b.id"
    " and p.status <> 'left' order by p.client_id) as client_ids"
    " from bookings b where b.workspace_id = $1 and b.series_id = $2 order by b.id for no key update of b",
    "workspace_id", "series_id", locks=True,
)  # fmt: skip
_TERMS: Final = {
    "service_id": "uuid", "title": "text", "location_kind": "text", "location": "text", "status": "text", "capacity": "integer", "notes": "text",
    "buffer_before_minutes": "integer", "buffer_after_minutes": "integer", "price_amount": "bigint", "price_currency": "text",
    "free_until_minutes": "integer", "late_fee_amount": "bigint", "no_show_fee_amount": "bigint", "fee_currency": "text", "booked_by": "uuid",
    "series_id": "uuid",
}  # fmt: skip
BOOK: Final = sql(
    "insert into bookings (workspace_id, id, occurrence, start_time, end_time, created_at, updated_at, organizer_id, room_id, attending,"
    f" {', '.join(_TERMS)}) select $1, o.id, o.occurrence, o.starts, o.ends, $2::timestamptz, $2::timestamptz, s.organizer,"
    f" case when o.room is not null then coalesce(r.id, {_NO_ROOM}) end, $9::uuid[],"
    f" {', '.join(f'${n}::{kind}' for n, kind in enumerate(_TERMS.values(), 10))}"
    f" from (select {_STAFF.format('$7')} as organizer) s,"
    " unnest($3::uuid[], $4::timestamp[], $5::timestamptz[], $6::timestamptz[], $8::uuid[]) o (id, occurrence, starts, ends, room)"
    " left join bookings_room r on r.workspace_id = $1 and r.id = o.room and r.archived_at is null",
    "workspace_id", "now", "ids", "occurrences", "starts", "ends", "organizer_id", "rooms", "clients", *_TERMS,
)  # fmt: skip
ATTEND: Final = sql(
    "insert into bookings_participant as p (workspace_id, booking_id, client_id, status, joined_at)"
    " select $1, b, c, 'booked', $4 from unnest($2::uuid[]) b, unnest($3::uuid[]) c order by b, c"
    " on conflict (workspace_id, booking_id, client_id) do update"
    " set status = 'booked', joined_at = excluded.joined_at, left_at = null, fee_amount = null, fee_currency = null, fee_reason = null,"
    " sequence = p.sequence + 1"
    " where p.status = 'left'",
    "workspace_id", "ids", "clients", "now",
)  # fmt: skip
LEAVE: Final = sql(
    "update bookings_participant set status = 'left', left_at = $4, sequence = sequence + 1 where workspace_id = $1 and booking_id = any($2::uuid[])"
    " and client_id <> all($3::uuid[]) and status = 'booked'",
    "workspace_id", "ids", "clients", "now",
)  # fmt: skip
# Two passes, one for each index. A booking is at most 24 hours long, and its buffers 12 each.
_LOOK: Final = (
    "select p.n - 1 as place, t.starts_at, t.ends_at, '{0}' as resource, 'slot_taken' as code from p cross join lateral ("
    "select starts_at, ends_at from bookings_time where workspace_id = $1 and {0}_id = p.{0}_id and blocked && tstzrange(p.begins, p.ends)"
    " and starts_at > p.begins - interval '36 hours' and starts_at < p.ends + interval '12 hours' and id <> all($6::uuid[])"
    " and (expires_at is null or expires_at > clock_timestamp()) order by starts_at limit 1) t"
)
CONFLICTS: Final = sql(
    "with p as (select * from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) with ordinality"
    f" as each (organizer_id, room_id, begins, ends, n)) {_LOOK.format('organizer')} union all {_LOOK.format('room')} order by place, resource",
    "workspace_id", "organizers", "rooms", "begins", "ends", "besides",
)  # fmt: skip
# Buffers count, as they do where free times are looked for.
CLOSURES: Final = sql(
    "with p as (select * from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) with ordinality"
    " as each (organizer_id, room_id, begins, ends, n)),"
    " closed as (select p.n, o.starts_at, o.ends_at,"
    " case when o.user_id is not null then 'organizer' when o.room_id is not null then 'room' else 'studio' end as resource,"
    " case when o.user_id is not null then 'organizer_away' when o.room_id is not null then 'room_closed' else 'studio_closed' end as code"
    " from p join bookings_time_off o on o.workspace_id = $1 and o.starts_at < p.ends and o.ends_at > p.begins"
    " and (o.user_id = p.organizer_id or o.room_id = p.room_id or (o.user_id is null and o.room_id is null)))"
    " (select distinct on (n, code) n - 1 as place, starts_at, ends_at, resource, code from closed order by n, code, starts_at)"
    " union all select p.n - 1, p.begins, p.ends, 'room', 'room_archived' from p"
    " join bookings_room r on r.workspace_id = $1 and r.id = p.room_id and r.archived_at is not null order by place, starts_at, code",
    "workspace_id", "organizers", "rooms", "begins", "ends",
)  # fmt: skip
TAKE: Final = sql(
    "insert into bookings_time (workspace_id, id, booking_id, organizer_id, room_id, service_id, starts_at, ends_at, blocked, capacity, taken)"
    " select $1, id, id, organizer_id, room_id, service_id, starts, ends, tstzrange(begins, until), capacity, taken from unnest("
    "$2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::integer[],"
    " $11::integer[]) each (id, organizer_id, room_id, service_id, starts, ends, begins, until, capacity, taken)",
    "workspace_id", "ids", "organizers", "rooms", "services", "starts", "ends", "begins", "until", "capacities", "taken",
)  # fmt: skip
RELEASE: Final = sql("delete from bookings_time where workspace_id = $1 and id = any($2::uuid[]) returning id, taken", "workspace_id", "ids")
IDENTIFY: Final = sql(
    "update bookings b set series_id = $2, occurrence = v.occurrence, version = b.version + (b.series_id <> $2)::integer,"
    " updated_at = case when b.series_id <> $2 then $5 else b.updated_at end from unnest($3::uuid[], $4::timestamp[]) v (id, occurrence)"
    " where b.workspace_id = $1 and b.id = v.id",
    "workspace_id", "series_id", "ids", "occurrences", "now",
)  # fmt: skip
_SET: Final = {
    "organizer_id": "uuid", "title": "text", "location_kind": "text", "location": "text", "notes": "text", "capacity": "integer",
}  # fmt: skip
# Who is no staff here, and a room that is archived for another time than is booked, is refused by the foreign key like any unknown id.
SET: Final = sql(
    "update bookings b set start_time = v.starts, end_time = v.ends, sequence = v.sequence, version = b.version + 1, updated_at = $2,"
    " room_id = case when v.room is null or (v.room, v.starts, v.ends) = (b.room_id, b.start_time, b.end_time) then v.room"
    f" else coalesce((select r.id from bookings_room r where r.workspace_id = $1 and r.id = v.room and r.archived_at is null), {_NO_ROOM}) end, "
    + ", ".join(
        f"{name} = case when '{name}' = any($3::text[]) then {_STAFF.format(f'${n}') if name == 'organizer_id' else f'${n}::{kind}'}"
        f" else b.{name} end"
        for n, (name, kind) in enumerate(_SET.items(), 9)
    )
    + " from unnest($4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::uuid[], $8::integer[]) v (id, starts, ends, room, sequence)"
    " where b.workspace_id = $1 and b.id = v.id",
    "workspace_id", "now", "named", "ids", "starts", "ends", "rooms", "sequences", *_SET,
)  # fmt: skip
CANCEL: Final = sql(
    "update bookings set status = 'cancelled', cancelled_at = $3, cancelled_by = $4, cancel_reason = $5, sequence = sequence + 1,"
    " unapproved = status = 'pending',"
    " version = version + 1, updated_at = $3 where workspace_id = $1 and id = any($2::uuid[])",
    "workspace_id", "ids", "now", "by", "reason",
)  # fmt: skip


class Series:
    """plugins.bookings.ports.series.Series on the open transaction."""

    def get(self, series_id: UUID, *, everybody: bool) -> Document | None:
        return ctx.work.document(GET[everybody], id=series_id)

    def page(self, limit: int, after: tuple[Any, ...] | None, *, everybody: bool) -> list[Document]:
        return ctx.work.documents(PAGE[everybody], limit=limit, after=after[0] if after else None)

    def add(self, values: Mapping[str, object]) -> None:
        ctx.work.write(ADD, **values)

    def change(self, series_id: UUID, values: Mapping[str, object]) -> None:
        ctx.work.write(CHANGE, id=series_id, now=values["now"], named=list(values), **{name: values.get(name) for name in _CHANGING})

    def series_of(self, booking_id: UUID) -> Row | None:
        return ctx.work.one(SERIES_OF, id=booking_id)

    def lock(self, series_id: UUID) -> Row | None:
        return ctx.work.one(LOCK, id=series_id)

    def lock_bookings(self, series_id: UUID) -> Sequence[Row]:
        ctx.work.write(LOCK_TIMES, series_id=series_id)
        return ctx.work.rows(LOCK_BOOKINGS, series_id=series_id)

    def book(self, terms: Mapping[str, object], clients: Sequence[UUID], rows: Sequence[tuple[UUID, datetime, Place]]) -> None:
        ids, occurrences, starts, ends, rooms = _columns([(id, wall, place.start, place.end, place.room_id) for id, wall, place in rows])
        values = {name: terms[name] for name in ("organizer_id", "now", *_TERMS)}
        ctx.work.write(BOOK, ids=ids, occurrences=occurrences, starts=starts, ends=ends, rooms=rooms, clients=sorted(clients), **values)

    def conflicts(self, places: Sequence[Place], besides: Collection[UUID]) -> Sequence[Row]:
        return ctx.work.rows(CONFLICTS, **_whereabouts(places), besides=list(besides))

    def closures(self, places: Sequence[Place]) -> Sequence[Row]:
        return ctx.work.rows(CLOSURES, **_whereabouts(places))

    def take(self, rows: Sequence[tuple[UUID, Place, int]]) -> None:
        names = ("ids", "organizers", "rooms", "services", "starts", "ends", "begins", "until", "capacities", "taken")
        taking = [
            (id, p.organizer_id, p.room_id, p.service_id, p.start, p.end, p.blocked.start, p.blocked.end, p.capacity, taken) for id, p, taken in rows
        ]
        ctx.work.write(TAKE, **dict(zip(names, _columns(taking), strict=True)))

    def release(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        return {row["id"]: row["taken"] for row in ctx.work.rows(RELEASE, ids=list(ids))}

    def identify(self, series_id: UUID, rows: Sequence[tuple[UUID, datetime]], now: datetime) -> None:
        ids, occurrences = _columns(rows)
        ctx.work.write(IDENTIFY, series_id=series_id, ids=ids, occurrences=occurrences, now=now)

    def set(self, rows: Sequence[tuple[UUID, datetime, datetime, UUID | None, int]], values: Mapping[str, object]) -> None:
        ids, starts, ends, rooms, sequences = _columns(rows)
        given = {name: values.get(name) for name in _SET}
        ctx.work.write(SET, ids=ids, starts=starts, ends=ends, rooms=rooms, sequences=sequences, named=list(values), now=values["now"], **given)

    def cancel(self, ids: Collection[UUID], by: str, reason: str | None, now: datetime) -> None:
        ctx.work.write(CANCEL, ids=list(ids), by=by, reason=reason, now=now)

    def attend(self, ids: Collection[UUID], clients: Sequence[UUID], now: datetime) -> int:
        left = ctx.work.change(LEAVE, ids=list(ids), clients=list(clients), now=now)
        if clients:
            ctx.work.write(ATTEND, ids=list(ids), clients=list(clients), now=now)
        return left


def _whereabouts(places: Sequence[Place]) -> dict[str, list[Any]]:
    columns = _columns([(p.organizer_id, p.room_id, p.blocked.start, p.blocked.end) for p in places])
    return dict(zip(("organizers", "rooms", "begins", "ends"), columns, strict=True))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
