"""What members leave behind, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plugins.sdk import Row, ctx, sql

# A booking is at most 24 hours long: plain comparisons that use the index of starts.
_TO_COME: Final = (
    "b.workspace_id = $1 and b.organizer_id = $2 and b.status in ('pending', 'booked')"
    " and b.start_time > $3::timestamptz - interval '24 hours' and b.end_time > $3"
)
_SERIES: Final = (
    "s.workspace_id = $1 and s.organizer_id = $2 and s.status = 'active' and exists (select from bookings b where b.workspace_id = $1"
    " and b.series_id = s.id and b.status in ('pending', 'booked') and b.end_time > $3)"
)
_OTHERS: Final = (
    "exists (select from bookings_service_staff o join user_roles r on r.workspace_id = o.workspace_id and r.user_id = o.user_id"
    " where o.workspace_id = $1 and o.service_id = v.id and o.user_id <> $2 and r.ended_at is null and r.role <> 'Cliente')"
)
LOCK_SERIES: Final = sql(
    "select s.id from bookings_series s where s.workspace_id = $1 and s.organizer_id = $2 and s.status = 'active' order by s.id for no key update",
    "workspace_id", "user_id", locks=True,
)  # fmt: skip
LOCK_TIMES: Final = sql(
    f"select from bookings_time t where t.workspace_id = $1 and t.id in (select b.id from bookings b where {_TO_COME}) order by t.id for update of t",
    "workspace_id", "user_id", "now", locks=True,
)  # fmt: skip
LOCK_BOOKINGS: Final = sql(
    f"select b.id, b.room_id from bookings b where {_TO_COME} order by b.id for no key update", "workspace_id", "user_id", "now", locks=True
)
LOCK_MORE_TIMES: Final = sql(
    "select id from bookings_time where workspace_id = $1 and id = any($2::uuid[]) order by id for update skip locked",
    "workspace_id", "ids", locks=True,
)  # fmt: skip
LOCK_MORE: Final = sql(
    "select b.id from bookings b where b.workspace_id = $1 and b.id = any($2::uuid[]) order by b.id for no key update skip locked",
    "workspace_id", "ids", locks=True,
)  # fmt: skip
# After people and rooms, as whoever archives a room does, who holds several of them too.
LOCK_SERVICES: Final = sql(
    "select id from bookings_service where workspace_id = $1 and id in (select service_id from bookings_service_staff where workspace_id = $1"
    " and user_id = $2) order by id for no key update",
    "workspace_id", "user_id", locks=True,
)  # fmt: skip
LOCK_HOLDS: Final = sql(
    "select id from bookings_time where workspace_id = $1 and organizer_id = $2 and booking_id is null order by id for update",
    "workspace_id", "user_id",
)  # fmt: skip
TO_COME: Final = sql(f"select b.* from bookings b where {_TO_COME} order by b.start_time, b.id", "workspace_id", "user_id", "now")
BOOKINGS: Final = sql(
    "select b.id, b.title || to_char(b.start_time at time zone w.timezone, ', YYYY-MM-DD HH24:MI') as title, count(*) over () as count"
    f" from bookings b join workspaces w on w.id = b.workspace_id where {_TO_COME} order by b.start_time, b.id limit $4",
    "workspace_id", "user_id", "now", "limit",
)  # fmt: skip
SERIES: Final = sql(
    f"select s.id, s.title, count(*) over () as count from bookings_series s where {_SERIES} order by s.id limit $4",
    "workspace_id", "user_id", "now", "limit",
)  # fmt: skip
SERVICES: Final = sql(
    "select v.id, v.name as title, count(*) over () as count from bookings_service v join bookings_service_staff t"
    f" on t.workspace_id = v.workspace_id and t.service_id = v.id where v.workspace_id = $1 and t.user_id = $2 and v.archived_at is null"
    f" and not {_OTHERS} order by v.name, v.id limit $3",
    "workspace_id", "user_id", "limit",
)  # fmt: skip

MOVE_TIMES: Final = sql(
    "update bookings_time set organizer_id = $2 where workspace_id = $1 and booking_id = any($3::uuid[])", "workspace_id", "to", "ids"
)
MOVE_BOOKINGS: Final = sql(
    "update bookings set organizer_id = $2, sequence = sequence + 1, version = version + 1, updated_at = $4"
    " where workspace_id = $1 and id = any($3::uuid[])",
    "workspace_id", "to", "ids", "now",
)  # fmt: skip
MOVE_SERIES: Final = sql(
    f"update bookings_series s set organizer_id = $4, version = version + 1, updated_at = $3 where {_SERIES}", "workspace_id", "user_id", "now", "to"
)
_STEP: Final = "update bookings_service v set version = v.version + 1, updated_at = $3 from {0} where v.workspace_id = $1 and v.id = {0}.service_id"
MOVE_SERVICES: Final = sql(
    "with gone as (delete from bookings_service_staff where workspace_id = $1 and user_id = $2 returning service_id),"
    " come as (insert into bookings_service_staff (workspace_id, service_id, user_id) select $1, service_id, $4 from gone returning service_id) "
    + _STEP.format("come"),
    "workspace_id", "user_id", "now", "to",
)  # fmt: skip

HOURS: Final = sql(
    "select coalesce(s.timezone, w.timezone) as timezone, s.weekly, s.overrides from bookings_schedule s join workspaces w on w.id = s.workspace_id"
    " where s.workspace_id = $1 and s.user_id = $2 for no key update of s",
    "workspace_id", "user_id", locks=True,
)  # fmt: skip
END_HOURS: Final = sql(
    "update bookings_schedule set weekly = $3::jsonb, overrides = $4::jsonb, version = version + 1, updated_at = $5"
    " where workspace_id = $1 and user_id = $2",
    "workspace_id", "user_id", "weekly", "overrides", "now", json=("weekly", "overrides"),
)  # fmt: skip
DROP_OFF: Final = sql("delete from bookings_time_off where workspace_id = $1 and user_id = $2 and starts_at >= $3", "workspace_id", "user_id", "now")
CUT_OFF: Final = sql(
    "update bookings_time_off set ends_at = $3, version = version + 1, updated_at = $3 where workspace_id = $1 and user_id = $2 and ends_at > $3",
    "workspace_id", "user_id", "now",
)  # fmt: skip
DROP_HOLDS: Final = sql("delete from bookings_time where workspace_id = $1 and organizer_id = $2 and booking_id is null", "workspace_id", "user_id")
DROP_SERVICES: Final = sql(
    "with gone as (delete from bookings_service_staff t using bookings_service v where t.workspace_id = $1 and t.user_id = $2"
    f" and v.workspace_id = $1 and v.id = t.service_id and (v.archived_at is not null or {_OTHERS}) returning t.service_id) " + _STEP.format("gone"),
    "workspace_id", "user_id", "now",
)  # fmt: skip
# Before what they say is dropped: one that is being read writes its times under this lock.
LOCK_CALENDARS: Final = sql(
    "select id from bookings_calendar where workspace_id = $1 and user_id = $2 order by id for update", "workspace_id", "user_id"
)
DROP_BUSY: Final = sql("delete from bookings_external_busy where workspace_id = $1 and user_id = $2", "workspace_id", "user_id")
DROP_CALENDARS: Final = sql("delete from bookings_calendar where workspace_id = $1 and user_id = $2", "workspace_id", "user_id")
REVOKE_FEEDS: Final = sql(
    "update bookings_feed set revoked_at = $3, version = version + 1, updated_at = $3"
    " where workspace_id = $1 and user_id = $2 and revoked_at is null",
    "workspace_id", "user_id", "now",
)  # fmt: skip


class Leaving:
    """plugins.bookings.ports.leaving.Leaving on the open transaction."""

    def hold(self, user_id: UUID, now: datetime) -> Sequence[Row]:
        ctx.work.write(LOCK_SERIES, user_id=user_id)
        ctx.work.write(LOCK_TIMES, user_id=user_id, now=now)
        return ctx.work.rows(LOCK_BOOKINGS, user_id=user_id, now=now)

    def hold_more(self, ids: Collection[UUID]) -> int:
        held = [row["id"] for row in ctx.work.rows(LOCK_MORE_TIMES, ids=list(ids))]
        return len(ctx.work.rows(LOCK_MORE, ids=held))

    def hold_the_rest(self, user_id: UUID) -> None:
        ctx.work.write(LOCK_HOLDS, user_id=user_id)
        ctx.work.write(LOCK_SERVICES, user_id=user_id)
        ctx.work.write(LOCK_CALENDARS, user_id=user_id)

    def to_come(self, user_id: UUID, now: datetime) -> Sequence[Row]:
        return ctx.work.rows(TO_COME, user_id=user_id, now=now)

    def bookings(self, user_id: UUID, now: datetime, limit: int) -> Sequence[Row]:
        return ctx.work.rows(BOOKINGS, user_id=user_id, now=now, limit=limit)

    def series(self, user_id: UUID, now: datetime, limit: int) -> Sequence[Row]:
        return ctx.work.rows(SERIES, user_id=user_id, now=now, limit=limit)

    def services(self, user_id: UUID, limit: int) -> Sequence[Row]:
        return ctx.work.rows(SERVICES, user_id=user_id, limit=limit)

    def take_over(self, user_id: UUID, to: UUID, ids: Collection[UUID], now: datetime) -> None:
        ctx.work.write(MOVE_SERIES, user_id=user_id, to=to, now=now)
        ctx.work.write(MOVE_BOOKINGS, to=to, ids=list(ids), now=now)
        ctx.work.write(MOVE_TIMES, to=to, ids=list(ids))
        ctx.work.write(MOVE_SERVICES, user_id=user_id, to=to, now=now)

    def hours(self, user_id: UUID) -> Row | None:
        return ctx.work.one(HOURS, user_id=user_id)

    def end_hours(self, user_id: UUID, weekly: Sequence[Mapping[str, Any]], overrides: Sequence[Mapping[str, Any]], now: datetime) -> None:
        ctx.work.write(END_HOURS, user_id=user_id, weekly=list(weekly), overrides=list(overrides), now=now)

    def end_the_rest(self, user_id: UUID, now: datetime, *, feeds: bool) -> None:
        ctx.work.write(DROP_HOLDS, user_id=user_id)
        ctx.work.write(DROP_OFF, user_id=user_id, now=now)
        ctx.work.write(CUT_OFF, user_id=user_id, now=now)
        ctx.work.write(DROP_BUSY, user_id=user_id)
        ctx.work.write(DROP_CALENDARS, user_id=user_id)
        ctx.work.write(DROP_SERVICES, user_id=user_id, now=now)
        if feeds:
            ctx.work.write(REVOKE_FEEDS, user_id=user_id, now=now)
