"""What reminders read, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plugins.sdk import Row, ctx, sql

STANDING: Final = sql("select status, start_time from bookings where workspace_id = $1 and id = $2", "workspace_id", "booking_id")
REACHABLE: Final = sql(
    "select p.client_id from bookings_participant p join clients c on c.workspace_id = $1 and c.id = p.client_id"
    " where p.workspace_id = $1 and p.booking_id = $2 and p.status = 'booked' and c.email is not null order by p.client_id",
    "workspace_id", "booking_id",
)  # fmt: skip
_SAID: Final = "b.title, b.status, b.start_time, b.location, w.timezone"
CLIENT: Final = sql(
    f"select c.email, c.full_name, {_SAID} from bookings b join workspaces w on w.id = $1"
    " join bookings_participant p on p.workspace_id = $1 and p.booking_id = b.id and p.client_id = $3 and p.status = 'booked'"
    " join clients c on c.workspace_id = $1 and c.id = p.client_id where b.workspace_id = $1 and b.id = $2 and c.email is not null",
    "workspace_id", "booking_id", "client_id",
)  # fmt: skip
ORGANIZER: Final = sql(
    f"select r.email, r.full_name, {_SAID} from bookings b join workspaces w on w.id = $1"
    " join user_roles r on r.workspace_id = $1 and r.user_id = b.organizer_id and r.ended_at is null"
    " where b.workspace_id = $1 and b.id = $2 and r.email is not null",
    "workspace_id", "booking_id",
)  # fmt: skip


class Reminders:
    """plugins.bookings.ports.reminders.Reminders on the open transaction."""

    def standing(self, booking_id: UUID) -> Row | None:
        return ctx.work.one(STANDING, booking_id=booking_id)

    def reachable(self, booking_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(REACHABLE, booking_id=booking_id)

    def client(self, booking_id: UUID, client_id: UUID) -> Row | None:
        return ctx.work.one(CLIENT, booking_id=booking_id, client_id=client_id)

    def organizer(self, booking_id: UUID) -> Row | None:
        return ctx.work.one(ORGANIZER, booking_id=booking_id)
