"""Who takes part in a booking, what became of them, and what they owe, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.money import Money
from plugins.bookings.repository.conditions import of_everybody
from plugins.sdk import Row, ctx, sql

ATTEND: Final = sql(
    "insert into bookings_participant as p (workspace_id, booking_id, client_id, status, joined_at)"
    " select $1, $2, client, 'booked', $4 from unnest($3::uuid[]) client order by client"
    " on conflict (workspace_id, booking_id, client_id) do update"
    " set status = 'booked', joined_at = excluded.joined_at, left_at = null, fee_amount = null, fee_currency = null, fee_reason = null,"
    " sequence = p.sequence + 1"
    " where p.status = 'left'",
    "workspace_id", "booking_id", "clients", "now",
)  # fmt: skip
_THEM: Final = "workspace_id = $1 and booking_id = $2 and client_id = any($3::uuid[])"
LEAVE: Final = sql(
    f"update bookings_participant set status = 'left', left_at = $4, sequence = sequence + 1 where {_THEM} and status = 'booked'",
    "workspace_id", "booking_id", "clients", "now",
)  # fmt: skip
_NO_FEE: Final = ", ".join(f"{name} = case when fee_reason <> 'no_show' then {name} end" for name in ("fee_amount", "fee_currency", "fee_reason"))
ATTENDED: Final = sql(
    f"update bookings_participant set status = 'attended', {_NO_FEE}"
    " where workspace_id = $1 and booking_id = $2 and (status = 'booked' or ($3::boolean and status = 'no_show')) and client_id <> all($4::uuid[])",
    "workspace_id", "booking_id", "missing_too", "besides",
)  # fmt: skip
MISSED: Final = sql(
    "update bookings_participant p set status = 'no_show' from (select client_id, status = 'no_show' as known from bookings_participant"
    f" where {_THEM} and status <> 'left') before where p.workspace_id = $1 and p.booking_id = $2 and p.client_id = before.client_id"
    " returning p.client_id, before.known",
    "workspace_id", "booking_id", "clients",
)  # fmt: skip
AWAITED: Final = sql(
    "select from bookings_participant where workspace_id = $1 and booking_id = $2 and status in ('booked', 'attended') limit 1",
    "workspace_id", "booking_id",
)  # fmt: skip
FORGIVE: Final = sql(
    f"update bookings_participant set fee_amount = null, fee_currency = null, fee_reason = null where {_THEM} and fee_reason = $4",
    "workspace_id", "booking_id", "clients", "reason",
)  # fmt: skip
EXCUSE: Final = sql(
    "update bookings_participant set status = 'booked', fee_amount = null, fee_currency = null, fee_reason = null"
    " where workspace_id = $1 and booking_id = any($2::uuid[]) and status = 'no_show'",
    "workspace_id", "ids",
)  # fmt: skip
CHARGE: Final = sql(
    f"update bookings_participant set fee_amount = $4, fee_currency = $5, fee_reason = $6 where {_THEM}",
    "workspace_id", "booking_id", "clients", "amount", "currency", "reason",
)  # fmt: skip


class Attendance:
    """Their part of plugins.bookings.ports.bookings.Bookings on the open transaction."""

    def attend(self, booking_id: UUID, clients: Collection[UUID], now: datetime) -> int:
        return ctx.work.change(ATTEND, booking_id=booking_id, clients=list(clients), now=now)

    def leave(self, booking_id: UUID, clients: Collection[UUID], now: datetime) -> int:
        return ctx.work.change(LEAVE, booking_id=booking_id, clients=list(clients), now=now)

    def attended(self, booking_id: UUID, *, missing_too: bool, besides: Collection[UUID] = ()) -> None:
        ctx.work.write(ATTENDED, booking_id=booking_id, missing_too=missing_too, besides=list(besides))

    def missed(self, booking_id: UUID, clients: Collection[UUID]) -> Sequence[Row]:
        return ctx.work.rows(MISSED, booking_id=booking_id, clients=list(clients))

    def awaited(self, booking_id: UUID) -> bool:
        return ctx.work.one(AWAITED, booking_id=booking_id) is not None

    def excuse(self, ids: Collection[UUID]) -> None:
        with of_everybody():
            ctx.work.write(EXCUSE, ids=list(ids))

    def forgive(self, booking_id: UUID, clients: Collection[UUID], reason: str) -> int:
        return ctx.work.change(FORGIVE, booking_id=booking_id, clients=list(clients), reason=reason)

    def charge(self, booking_id: UUID, clients: Collection[UUID], fee: Money, reason: str) -> None:
        with of_everybody():
            ctx.work.write(CHARGE, booking_id=booking_id, clients=list(clients), amount=fee.amount, currency=fee.currency, reason=reason)
