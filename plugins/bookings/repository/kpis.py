"""Figures of a period, summed by PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.intervals import Interval
from plugins.sdk import Row, ctx, sql

# A booking is at most 24 hours long: plain comparisons that use the index of starts.
_REACHES: Final = (
    "b.start_time > $2::timestamptz - interval '24 hours' and b.start_time < $3::timestamptz and b.end_time > $2::timestamptz"
)  # fmt: skip
PEOPLE: Final = sql(
    "select r.user_id as id, r.full_name from user_roles r where r.workspace_id = $1 and ($4::uuid is null or r.user_id = $4)"
    " and ((r.role <> 'Cliente' and r.ended_at is null)"
    f" or exists (select from bookings b where b.workspace_id = $1 and b.organizer_id = r.user_id and {_REACHES})) order by r.full_name, r.user_id",
    "workspace_id", "begins", "ends", "only",
)  # fmt: skip
BOOKED: Final = sql(
    "select b.organizer_id, b.status, count(*) filter (where b.start_time >= $2) as bookings,"
    " floor(sum(extract(epoch from least(b.end_time, $3::timestamptz) - greatest(b.start_time, $2::timestamptz))))::bigint as seconds,"
    " count(*) filter (where b.start_time >= $2 and b.status = 'cancelled' and b.cancelled_by = 'client' and not b.unapproved"
    " and b.start_time - b.cancelled_at < make_interval(mins => coalesce(b.free_until_minutes, 0))) as late"
    f" from bookings b where b.workspace_id = $1 and b.organizer_id = any($4::uuid[]) and {_REACHES} group by b.organizer_id, b.status",
    "workspace_id", "begins", "ends", "people",
)  # fmt: skip
ATTENDANCE: Final = sql(
    "with seen as (select b.organizer_id, b.status as stood, b.end_time, p.client_id, p.status, p.fee_reason from bookings b"
    " join bookings_participant p on p.workspace_id = b.workspace_id and p.booking_id = b.id where b.workspace_id = $1"
    " and b.organizer_id = any($4::uuid[]) and b.start_time >= $2 and b.start_time < $3 and b.status <> 'pending'),"
    " came as (select distinct client_id from seen where stood <> 'cancelled' and status <> 'left'),"
    " earlier as (select c.client_id from came c where exists (select from bookings_participant p join bookings b"
    " on b.workspace_id = p.workspace_id and b.id = p.booking_id where p.workspace_id = $1 and p.client_id = c.client_id"
    " and p.status <> 'left' and b.status in ('booked', 'completed', 'no_show') and b.start_time < $2))"
    " select s.organizer_id, count(*) filter (where s.status = 'attended' and s.stood <> 'cancelled') as attended,"
    " count(*) filter (where s.status = 'no_show' and s.stood <> 'cancelled') as missed,"
    " count(*) filter (where s.status = 'booked' and s.stood <> 'cancelled' and s.end_time <= $5) as unmarked,"
    " count(*) filter (where s.status = 'left' and s.fee_reason = 'late_cancellation') as left_late,"
    " count(distinct s.client_id) filter (where s.stood <> 'cancelled' and s.status <> 'left') as clients,"
    " count(distinct e.client_id) filter (where s.stood <> 'cancelled' and s.status <> 'left') as returning"
    " from seen s left join earlier e on e.client_id = s.client_id group by grouping sets ((s.organizer_id), ())",
    "workspace_id", "begins", "ends", "people", "now",
)  # fmt: skip


class Kpis:
    """plugins.bookings.ports.kpis.Kpis on the open transaction."""

    def people(self, span: Interval, only: UUID | None) -> Sequence[Row]:
        return ctx.work.rows(PEOPLE, begins=span.start, ends=span.end, only=only)

    def booked(self, people: Collection[UUID], span: Interval) -> Sequence[Row]:
        return ctx.work.rows(BOOKED, people=list(people), begins=span.start, ends=span.end)

    def attendance(self, people: Collection[UUID], span: Interval, now: datetime) -> Sequence[Row]:
        return ctx.work.rows(ATTENDANCE, people=list(people), begins=span.start, ends=span.end, now=now)
