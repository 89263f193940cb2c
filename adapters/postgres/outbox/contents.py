"""A delivery inside its workspace's transaction, as the app identity, or of none, as the auth identity (implements ports.tasks.Contents)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from adapters.postgres.statements import sql, statement
from adapters.postgres.tables import outbox_deliveries as deliveries
from ports.mail import Letterhead
from ports.persistence import UnitOfWork
from ports.tasks import PLATFORM, Content, Delivery, LeaseLost

_STATEMENT_S: Final = 60
_LOCK_S: Final = 5
_PAUSE_S: Final = 10
"""A job's own limits. Between two statements it may think as long as its lease, at least this: a stopped one must not hold locks."""

_LIMITS = sql(
    "select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),"
    " set_config('idle_in_transaction_session_timeout', $3, true)",
    "statement_ms", "lock_ms", "pause_ms",
)  # fmt: skip
_MINE = "workspace_id = $1 and id = $2 and lease_token = $3 and done_at is null and dead_at is null"
_LEASE = ("workspace_id", "id", "token")
_LOAD = sql(
    "select coalesce(d.arguments, o.payload, '{}') as arguments, d.progress"
    "  from outbox_deliveries d left join outbox o on o.workspace_id = d.workspace_id and o.id = d.event_id"
    " where d.workspace_id = $1 and d.id = $2 and d.lease_token = $3 and d.done_at is null and d.dead_at is null",
    *_LEASE,
)
_ADVANCE = sql(
    "update outbox_deliveries set locked_until = clock_timestamp() + make_interval(secs => $4), progress = coalesce($5::jsonb, progress)"
    f" where {_MINE}",
    *_LEASE, "lease_s", "progress", json=("progress",),
)  # fmt: skip
_FINISH = sql(f"update outbox_deliveries set done_at = clock_timestamp(), lease_token = null, locked_until = null where {_MINE}", *_LEASE)
_HEAD = sql(
    "select coalesce(branding->>'display_name', name) as name, locale, branding->'colors'->>'primary' as colour,"
    " branding->'colors'->>'on_primary' as on_colour, branding->>'logo' as logo from workspaces where id = $1",
    "workspace_id",
)
_LANGUAGE = sql("select locale from users where email = $1", "address")
_OWN: Final = Letterhead("FitPro Hub", "en")

_t = deliveries.c
JOB = statement(
    sa.select(
        _t.id,
        sa.case(
            (_t.done_at.is_not(None), "done"),
            (_t.dead_at.is_not(None), "failed"),
            (_t.skipped_at.is_not(None), "skipped"),
            (_t.attempts > 0, "running"),
            else_="waiting",
        ).label("state"),
        _t.progress,
        _t.attempts,
        _t.created_at,
        _t.done_at,
    ).where(_t.workspace_id == sa.bindparam("workspace_id"), _t.id == sa.bindparam("id"))
)
"""A job of this workspace as its owner may see it: state (waiting, running, done, failed, skipped) and progress. Parameter: id."""


class OutboxContents:
    """See ports.tasks.Contents."""

    def prepare(self, work: UnitOfWork, delivery: Delivery, lease_s: float) -> Content:
        pause_ms = int(1000 * max(_PAUSE_S, lease_s))
        work.write(_LIMITS, statement_ms=str(_STATEMENT_S * 1000), lock_ms=str(_LOCK_S * 1000), pause_ms=str(pause_ms))
        row = work.one(_LOAD, **_lease(delivery))
        if row is None:
            raise LeaseLost
        return Content(row["arguments"], row["progress"])

    def advance(self, work: UnitOfWork, delivery: Delivery, lease_s: float, progress: Mapping[str, object] | None) -> None:
        kept = None if progress is None else dict(progress)
        if work.change(_ADVANCE, **_lease(delivery), lease_s=lease_s, progress=kept) != 1:
            raise LeaseLost

    def finish(self, work: UnitOfWork, delivery: Delivery) -> None:
        if work.change(_FINISH, **_lease(delivery)) != 1:
            raise LeaseLost

    def letterhead(self, work: UnitOfWork, delivery: Delivery) -> Letterhead:
        if delivery.workspace_id == PLATFORM:
            return _OWN
        row = work.one(_HEAD)
        return _OWN if row is None else Letterhead(row["name"], row["locale"], row["colour"], row["on_colour"], row["logo"])

    def language(self, work: UnitOfWork, address: str) -> str | None:
        row = work.one(_LANGUAGE, address=address)
        return None if row is None else str(row["locale"])


def _lease(delivery: Delivery) -> dict[str, object]:
    return {"workspace_id": delivery.workspace_id, "id": delivery.id, "token": delivery.lease_token}
