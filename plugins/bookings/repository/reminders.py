"""What reminders read, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from plugins.sdk import Row, ctx, sql

_FIRST: Final = UUID(int=0)
_SEEN: Final = (
    "select b.id, b.status, b.start_time, case when b.sequence = 0 then b.created_at else b.updated_at end as settled_at, r.minutes as over"
    " from bookings b"
    " left join bookings_reminded r on r.workspace_id = $1 and r.booking_id = b.id and r.start_time = b.start_time"
    " where b.workspace_id = $1"
)
STANDING: Final = sql(f"{_SEEN} and b.id = $2", "workspace_id", "booking_id")
UPCOMING: Final = sql(
    f"{_SEEN} and b.status = 'booked' and b.start_time > $2 and b.start_time <= $3 and (b.start_time, b.id) > ($4, $5)"
    " order by b.start_time, b.id limit $6::int",
    "workspace_id", "since", "until", "start", "booking_id", "limit",
)  # fmt: skip
PASS_OVER: Final = sql(
    "insert into bookings_reminded as r (workspace_id, booking_id, start_time, minutes) values ($1, $2, $3, $4)"
    " on conflict (workspace_id, booking_id) do update set start_time = excluded.start_time, minutes = excluded.minutes",
    "workspace_id", "booking_id", "start", "minutes",
)  # fmt: skip
REACHABLE: Final = sql(
    "select p.client_id from bookings_participant p join clients c on c.workspace_id = $1 and c.id = p.client_id"
    " where p.workspace_id = $1 and p.booking_id = $2 and p.status = 'booked' and c.email is not null and c.archived_at is null"
    " order by p.client_id",
    "workspace_id", "booking_id",
)  # fmt: skip
_SAID: Final = "b.title, b.status, b.start_time, b.location_kind, b.location, w.timezone, m.minutes as over"
# Joining takes following a link that was mailed to the address. Anybody else's is what somebody typed.
_JOINED: Final = (
    "exists (select from user_roles r where r.workspace_id = $1 and r.client_id = c.id and r.ended_at is null and r.email = c.email) as joined"
)
_REMINDED: Final = " left join bookings_reminded m on m.workspace_id = $1 and m.booking_id = b.id and m.start_time = b.start_time"
CLIENT: Final = sql(
    f"select c.email, c.full_name, {_SAID}, {_JOINED} from bookings b join workspaces w on w.id = $1"
    " join bookings_participant p on p.workspace_id = $1 and p.booking_id = b.id and p.client_id = $3 and p.status = 'booked'"
    f" join clients c on c.workspace_id = $1 and c.id = p.client_id{_REMINDED}"
    " where b.workspace_id = $1 and b.id = $2 and c.email is not null and c.archived_at is null",
    "workspace_id", "booking_id", "client_id",
)  # fmt: skip
ORGANIZER: Final = sql(
    f"select r.email, r.full_name, {_SAID}, false as joined from bookings b join workspaces w on w.id = $1"
    f" join user_roles r on r.workspace_id = $1 and r.user_id = b.organizer_id and r.ended_at is null{_REMINDED}"
    " where b.workspace_id = $1 and b.id = $2 and r.email is not null",
    "workspace_id", "booking_id",
)  # fmt: skip


class Reminders:
    """plugins.bookings.ports.reminders.Reminders on the open transaction."""

    def standing(self, booking_id: UUID) -> Row | None:
        return ctx.work.one(STANDING, booking_id=booking_id)

    def upcoming(self, since: datetime, until: datetime, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
        start, booking_id = after or (since, _FIRST)
        return ctx.work.rows(UPCOMING, since=since, until=until, start=start, booking_id=booking_id, limit=limit)

    def pass_over(self, booking_id: UUID, start: datetime, minutes: int) -> None:
        ctx.work.write(PASS_OVER, booking_id=booking_id, start=start, minutes=minutes)

    def reachable(self, booking_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(REACHABLE, booking_id=booking_id)

    def client(self, booking_id: UUID, client_id: UUID) -> Row | None:
        return ctx.work.one(CLIENT, booking_id=booking_id, client_id=client_id)

    def organizer(self, booking_id: UUID) -> Row | None:
        return ctx.work.one(ORGANIZER, booking_id=booking_id)
