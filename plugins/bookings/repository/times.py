"""Time taken, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from plugins.bookings.domain.place import Place
from plugins.bookings.domain.policy import MOST_HELD
from plugins.sdk import Conflict, Fault, Invalid, Row, constraints, ctx, sql
from ports.persistence import RuleBroken

for _name in ("ex_bookings_time_organizer", "ex_bookings_time_room"):
    constraints[_name] = lambda: RuleBroken("slot_taken", "That time is taken.")
constraints["hold_expired"] = lambda: RuleBroken("hold_expired", "The hold is over; look for a free time again.")
constraints["too_many_holds"] = lambda: RuleBroken(
    "too_many_holds", f"At once, a client holds {MOST_HELD[True]} times at most and the staff {MOST_HELD[False]}: book one, or let one go."
)
constraints["ck_bookings_time_taken"] = lambda: Conflict("There is no place left.", code="class_full")
for _table in ("bookings", "bookings_time"):
    constraints[f"fk_{_table}_organizer_id"] = lambda: Invalid(
        code="invalid_reference", errors=[Fault("/organizer_id", "No such Owner or Colaborador in this workspace.")]
    )
    constraints[f"fk_{_table}_room_id"] = lambda: Invalid(
        code="invalid_reference", errors=[Fault("/room_id", "No such room in this workspace, or it is archived.")]
    )

SWEEP: Final = sql(
    "select app.bookings_sweep($2::uuid[])"
    " where exists (select from bookings_time where workspace_id = $1 and expires_at <= statement_timestamp())",
    "workspace_id", "subjects",
)  # fmt: skip
# With the longest booking and the widest buffers: plain comparisons, because && cannot use its index under row-level security.
_OVERLAPS: Final = (
    "blocked && tstzrange($2, $3) and id <> $4 and (expires_at is null or expires_at > clock_timestamp())"
    " and starts_at > $2::timestamptz - interval '36 hours' and starts_at < $3::timestamptz + interval '12 hours'"
)
CONFLICT: Final = sql(
    "select starts_at, ends_at, case when organizer_id = $5 then 'organizer' else 'room' end as resource from bookings_time"
    f" where workspace_id = $1 and (organizer_id = $5 or room_id = $6) and {_OVERLAPS} order by starts_at limit 1",
    "workspace_id", "from", "to", "besides", "organizer_id", "room_id",
)  # fmt: skip
FREE_ROOM: Final = sql(
    "select r.id from unnest($5::uuid[]) with ordinality as c (room, place) join bookings_room r on r.workspace_id = $1 and r.id = c.room"
    " where r.archived_at is null"
    f" and not exists (select from bookings_time where workspace_id = $1 and room_id = c.room and {_OVERLAPS})"
    " and not exists (select from bookings_time_off o where o.workspace_id = $1 and o.room_id = c.room"
    " and o.starts_at < $3::timestamptz and o.ends_at > $2::timestamptz)"
    " order by c.place limit 1",
    "workspace_id", "from", "to", "besides", "candidates",
)  # fmt: skip
CLOSED: Final = sql(
    "select * from (select starts_at, ends_at, 'room' as resource, false as archived from bookings_time_off where workspace_id = $1 and room_id = $4"
    " and starts_at < $3::timestamptz and ends_at > $2::timestamptz union all select $2::timestamptz, $3::timestamptz, 'room', true"
    " from bookings_room where workspace_id = $1 and id = $4 and archived_at is not null) closed order by archived desc, starts_at limit 1",
    "workspace_id", "from", "to", "room",
)  # fmt: skip
_COLUMNS: Final = ("organizer_id", "room_id", "service_id", "starts_at", "ends_at", "from", "to", "capacity")
HOLD: Final = sql(
    "insert into bookings_time"
    " (workspace_id, id, organizer_id, room_id, service_id, starts_at, ends_at, blocked, capacity, taken, expires_at, held_by)"
    # Whom a client may hold was looked up among what is offered: they see no members.
    " select $1, $2, case when $14::boolean then $3::uuid else coalesce((select m.user_id from user_roles m where m.workspace_id = $1"
    " and m.user_id = $3::uuid and m.role <> 'Cliente' and m.ended_at is null), '00000000-0000-0000-0000-000000000000') end,"
    " $4, $5, $6, $7, tstzrange($8, $9), $10, 0, $11, $12"
    " where (select case when count(*) >= $13::bigint then app.refuse('too_many_holds') end from bookings_time"
    " where workspace_id = $1 and held_by = $12 and expires_at > clock_timestamp()) is null",
    "workspace_id", "id", *_COLUMNS, "expires_at", "held_by", "at_most", "vouched",
)  # fmt: skip
_MINE: Final = "workspace_id = $1 and id = $2 and held_by = $3 and expires_at > clock_timestamp()"
USE_HOLD: Final = sql(
    f"with used as (delete from bookings_time where {_MINE} and organizer_id = $4 and starts_at = $5 returning id)"
    " select app.refuse('hold_expired') where not exists (select from used)",
    "workspace_id", "id", "held_by", "organizer_id", "starts_at",
)  # fmt: skip
LET_GO: Final = sql(f"delete from bookings_time where {_MINE}", "workspace_id", "id", "held_by")
HELD: Final = sql(f"select * from bookings_time where {_MINE}", "workspace_id", "id", "held_by")
MOVE: Final = sql(
    "update bookings_time set organizer_id = $3, room_id = $4, service_id = $5, starts_at = $6, ends_at = $7, blocked = tstzrange($8, $9),"
    " capacity = $10 where workspace_id = $1 and id = $2",
    "workspace_id", "id", *_COLUMNS,
)  # fmt: skip
RESEAT: Final = sql("update bookings_time set taken = taken + $3 where workspace_id = $1 and id = $2", "workspace_id", "id", "more")
SEAT: Final = sql(
    "update bookings_time set taken = taken + 1 where workspace_id = $1 and id = $2 and booking_id is not null and capacity > 1"
    " and taken < capacity returning *",
    "workspace_id", "id",
)  # fmt: skip
FREE: Final = sql("delete from bookings_time where workspace_id = $1 and id = $2", "workspace_id", "id")


class Times:
    """plugins.bookings.ports.times.Times on the open transaction."""

    @property
    def again(self) -> bool:
        return ctx.work.careful

    def lock(self, subjects: Collection[UUID]) -> None:
        # In one order, so that nobody waits for somebody who waits for them.
        for subject in sorted(subjects):
            ctx.lock(f"bookings:{subject}")

    def sweep(self, subjects: Collection[UUID]) -> None:
        ctx.work.write(SWEEP, subjects=list(subjects))

    def conflict(self, place: Place, besides: UUID) -> Row | None:
        return ctx.work.one(CONFLICT, besides=besides, **_values(place))

    def hold(self, id: UUID, place: Place, until: datetime, by: UUID | None, at_most: int, *, vouched: bool) -> None:
        ctx.work.write(HOLD, id=id, expires_at=until, held_by=by, at_most=at_most, vouched=vouched, **_values(place))

    def use_hold(self, id: UUID, by: UUID | None, place: Place) -> None:
        ctx.work.write(USE_HOLD, id=id, held_by=by, organizer_id=place.organizer_id, starts_at=place.start)

    def let_go(self, id: UUID, by: UUID | None) -> bool:
        return ctx.work.change(LET_GO, id=id, held_by=by) == 1

    def held(self, id: UUID, by: UUID | None) -> Row | None:
        return ctx.work.one(HELD, id=id, held_by=by)

    def move(self, id: UUID, place: Place) -> None:
        ctx.work.write(MOVE, id=id, **_values(place))

    def reseat(self, id: UUID, more: int) -> None:
        ctx.work.write(RESEAT, id=id, more=more)

    def seat(self, id: UUID) -> Row | None:
        return ctx.work.one(SEAT, id=id)

    def free(self, id: UUID) -> None:
        ctx.work.write(FREE, id=id)

    def free_room(self, candidates: Collection[UUID], place: Place, besides: UUID) -> UUID | None:
        blocked = place.blocked
        found = ctx.work.one(FREE_ROOM, candidates=list(candidates), besides=besides, **{"from": blocked.start, "to": blocked.end})
        return None if found is None else found["id"]

    def closed(self, place: Place) -> Row | None:
        blocked = place.blocked
        return ctx.work.one(CLOSED, room=place.room_id, **{"from": blocked.start, "to": blocked.end})


def _values(place: Place) -> dict[str, object]:
    blocked = place.blocked
    return {
        "organizer_id": place.organizer_id, "room_id": place.room_id, "service_id": place.service_id, "starts_at": place.start,
        "ends_at": place.end, "from": blocked.start, "to": blocked.end, "capacity": place.capacity,
    }  # fmt: skip
