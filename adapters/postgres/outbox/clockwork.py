"""Periodic ticks and sweeps, as the relay identity (implements ports.tasks.Clockwork)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters.postgres.outbox.control import Control
from adapters.postgres.pool import Pool
from adapters.postgres.statements import sql
from ports.tasks import Periodic

_SWEPT: Final = 1000

_ZONES = sql("select now() as now, coalesce(array_agg(distinct timezone), '{}') as zones from workspaces")
_TICKS = sql("select handler, timezone, at from outbox_ticks")
_START = sql("insert into outbox_ticks (handler, timezone, at) values ($1, $2, $3) on conflict do nothing", "handler", "zone", "at")
# The tick moves and the deliveries appear together, or neither.
_FAN_OUT = sql(
    "with moved as (insert into outbox_ticks as t (handler, timezone, at) values ($1, $2, $3::timestamptz)"
    "   on conflict (handler, timezone) do update set at = excluded.at where t.at < excluded.at returning 1)"
    " select app.fan_out($4, $1, $5, $6::smallint, $2, $7, $8) as made from moved",
    "handler", "zone", "at", "module", "queue", "max_attempts", "local", "platform",
)  # fmt: skip
_SWEEPS = (
    sql(
        "delete from outbox_deliveries d using (select workspace_id, id from outbox_deliveries"
        f" where done_at < now() - interval '7 days' order by done_at limit {_SWEPT} for update skip locked) old"
        " where d.workspace_id = old.workspace_id and d.id = old.id"
    ),
    sql(
        "delete from outbox_deliveries d using (select workspace_id, id from outbox_deliveries"
        f" where dead_at < now() - interval '90 days' order by dead_at limit {_SWEPT} for update skip locked) old"
        " where d.workspace_id = old.workspace_id and d.id = old.id"
    ),
    sql(
        "delete from outbox o using (select e.workspace_id, e.id from outbox e where e.created_at < now() - interval '7 days'"
        "   and not exists (select from outbox_deliveries d where d.workspace_id = e.workspace_id and d.event_id = e.id)"
        f" order by e.created_at limit {_SWEPT}) old where o.workspace_id = old.workspace_id and o.id = old.id"
    ),
    sql(
        "delete from idempotency_keys where created_at <= (select max(created_at) from (select created_at from idempotency_keys"
        f" where created_at < now() - interval '24 hours' order by created_at limit {_SWEPT}) old)"
    ),
)


class OutboxClockwork:
    """See ports.tasks.Clockwork. pool: of the relay identity."""

    def __init__(self, pool: Pool) -> None:
        self._control = Control(pool)

    def zones(self) -> tuple[datetime, Sequence[str]]:
        row = self._control.run(_ZONES).rows()[0]
        return row["now"], row["zones"]

    def ticks(self) -> Mapping[tuple[str, str], datetime]:
        return {(row["handler"], row["timezone"]): row["at"] for row in self._control.run(_TICKS).rows()}

    def start(self, periodic: Periodic, zone: str, at: datetime) -> None:
        self._control.run(_START, handler=periodic.handler, zone=zone, at=at)

    def fan_out(self, periodic: Periodic, zone: str, at: datetime, local: str) -> int:
        rows = self._control.run(
            _FAN_OUT, handler=periodic.handler, zone=zone, at=at, module=periodic.module, queue=periodic.queue,
            max_attempts=periodic.max_attempts, local=local, platform=periodic.platform,
        ).rows()  # fmt: skip
        return int(rows[0]["made"]) if rows else 0

    def sweep(self) -> int:
        return sum(self._control.run(statement).count for statement in _SWEEPS)
