"""All that bookings know of one client, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plugins.sdk import Row, ctx, sql

# Notes of a booking of one place are about them; of a class they are about others too. What they left is as it was then.
BOOKINGS: Final = sql(
    "select p.booking_id as id, coalesce(b.title, p.left_title) as title, b.organizer_id, b.service_id, b.room_id, b.series_id,"
    " coalesce(b.start_time, p.left_start) as start_time, coalesce(b.end_time, p.left_end) as end_time, b.location_kind, b.location, b.status,"
    " b.capacity, b.price_amount, b.price_currency, case when b.capacity = 1 then b.notes end as notes, b.cancelled_at, b.cancelled_by,"
    " b.cancel_reason, b.booked_by, b.created_at, b.updated_at, p.status as attendance, p.joined_at, p.left_at, p.fee_amount, p.fee_currency,"
    " p.fee_reason from bookings_participant p"
    " left join bookings b on b.workspace_id = p.workspace_id and b.id = p.booking_id and p.status <> 'left'"
    " where p.workspace_id = $1 and p.client_id = $2 order by coalesce(b.start_time, p.left_start), p.booking_id",
    "workspace_id", "client_id",
)  # fmt: skip
QUEUE: Final = sql(
    "select e.booking_id, b.title, b.start_time, p.status, p.offered_until, p.joined_at from bookings_queue_entry e"
    " join bookings_queue_place p on p.workspace_id = e.workspace_id and p.id = e.place_id"
    " left join bookings b on b.workspace_id = e.workspace_id and b.id = e.booking_id"
    " where e.workspace_id = $1 and e.client_id = $2 order by p.joined_at, e.booking_id",
    "workspace_id", "client_id",
)  # fmt: skip


class Personal:
    """plugins.bookings.ports.personal.Personal on the open transaction."""

    def bookings(self, client_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(BOOKINGS, client_id=client_id)

    def queue(self, client_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(QUEUE, client_id=client_id)
