"""The public booking page in PostgreSQL. Row-level security shows a stranger what it shows a Cliente without a record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from plugins.bookings.models.offered import services
from plugins.bookings.repository.conditions import behind, last_of, money
from plugins.sdk import Row, ctx, sa, sql, statement

_S: Final = services.c

OPENED: Final = sql(
    "select m.settings from workspaces w left join workspace_modules m on m.workspace_id = w.id and m.module = 'bookings'"
    " where w.id = $1 and 'bookings' = any (w.modules)",
    "workspace_id",
)
SHOWN: Final = (
    _S.id, _S.name, _S.description, _S.duration_minutes, _S.capacity, _S.location_kind, money(_S.price_amount, _S.price_currency, "price"),
    _S.needs_approval, _S.self_service, _S.free_until_minutes, money(_S.late_fee_amount, _S.fee_currency, "late_fee"),
    money(_S.no_show_fee_amount, _S.fee_currency, "no_show_fee"),
)  # fmt: skip


def _page(after: bool) -> Any:
    query = sa.select(*SHOWN).where(_S.workspace_id == sa.bindparam("workspace_id"), _S.public, _S.archived_at.is_(None))
    if after:
        query = query.where(behind(_S.name, _S.id))
    return statement(query.order_by(_S.name, _S.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))


_PAGES: Final = {after: _page(after) for after in (False, True)}


class Page:
    """plugins.bookings.ports.page.Page on the open transaction."""

    def opened(self, workspace_id: UUID) -> Row | None:
        ctx.work.bear(workspace_id, b"")
        return ctx.work.one(OPENED)

    def services(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_PAGES[after is not None], limit=limit, **last_of(after))
