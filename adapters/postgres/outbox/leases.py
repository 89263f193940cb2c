"""Claims, renewals and outcomes of deliveries: control columns only, as the relay identity (implements ports.tasks.Leases)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID, uuid4

from adapters.postgres.outbox.control import Control
from adapters.postgres.pool import Pool
from adapters.postgres.statements import sql
from ports.tasks import Delivery

_BATCH: Final = 2000
_BATCHES: Final = 25  # so that one workspace's flood delays nobody's timers for long

_OPEN = "d.done_at is null and d.dead_at is null and d.skipped_at is null"
# What a worker may take now: released, leased by nobody alive, and the oldest that is left of its key. A parked row blocks nobody.
_CLAIMABLE = f"""
  d.rung_at is not null and {_OPEN} and (d.locked_until is null or d.locked_until < clock_timestamp())
  and (d.key is null or not exists (
    select from outbox_deliveries o where o.workspace_id = d.workspace_id and o.key = d.key and o.id < d.id
       and o.done_at is null and o.dead_at is null and o.skipped_at is null))"""

_RELEASE = sql(
    f"""update outbox_deliveries d set rung_at = clock_timestamp() from (
          select d.workspace_id, d.id from outbox_deliveries d where d.rung_at is null and {_OPEN} and d.available_at <= now()
           order by d.available_at, d.id limit {_BATCH} for no key update skip locked) due
         where d.workspace_id = due.workspace_id and d.id = due.id"""
)
# A loose scan over the few queues there are: each step is one probe of the index.
_READY = sql(
    f"""with recursive q (queue) as (
          (select d.queue from outbox_deliveries d where d.rung_at is not null and {_OPEN} order by d.queue limit 1)
          union all
          select (select d.queue from outbox_deliveries d where d.rung_at is not null and {_OPEN} and d.queue > q.queue
                   order by d.queue limit 1) from q where q.queue is not null)
        select q.queue, n.claimable from q cross join lateral (
          select count(*) as claimable from (select from outbox_deliveries d where d.queue = q.queue and {_CLAIMABLE} limit $2) found) n
         where q.queue is not null and ($1::text[] = '{{}}' or q.queue = any ($1::text[])) and n.claimable > 0""",
    "queues", "at_most",
)  # fmt: skip
_CLAIM = sql(
    f"""with next as (
          select d.workspace_id, d.id from outbox_deliveries d where d.queue = $1 and d.workspace_id > $2 and {_CLAIMABLE}
           order by d.workspace_id, d.available_at, d.id limit 1 for no key update skip locked)
        update outbox_deliveries d
           set lease_token = $3, locked_until = clock_timestamp() + make_interval(secs => $4), attempts = d.attempts + 1
          from next where d.workspace_id = next.workspace_id and d.id = next.id
        returning d.workspace_id, d.id, d.event_id, d.module, d.handler, d.queue, d.attempts, d.max_attempts, d.request_id""",
    "queue", "after", "token", "lease_s",
)  # fmt: skip
_MINE = " where workspace_id = $1 and id = $2 and lease_token = $3 and done_at is null and dead_at is null"
_LEASE = ("workspace", "id", "token")
_RENEW = sql("update outbox_deliveries set locked_until = clock_timestamp() + make_interval(secs => $4)" + _MINE, *_LEASE, "lease_s")
_LET_GO = "update outbox_deliveries set lease_token = null, locked_until = null, rung_at = null"
_RETRY = sql(f"{_LET_GO}, available_at = clock_timestamp() + make_interval(secs => $4), last_error = $5{_MINE}", *_LEASE, "in_s", "error")
_RETURN = sql(
    f"{_LET_GO}, available_at = clock_timestamp() + make_interval(secs => $4), attempts = greatest(attempts - 1, 0){_MINE}", *_LEASE, "in_s"
)
_PARK = sql(f"{_LET_GO}, dead_at = clock_timestamp(), last_error = $4{_MINE}", *_LEASE, "error")
_SKIP = sql(f"{_LET_GO}, skipped_at = clock_timestamp(), attempts = greatest(attempts - 1, 0){_MINE}", *_LEASE)


class OutboxLeases:
    """See ports.tasks.Leases. pool: of the relay identity."""

    def __init__(self, pool: Pool) -> None:
        self._control = Control(pool)

    def ready(self, queues: Sequence[str], at_most: int) -> Mapping[str, int]:
        for _ in range(_BATCHES):
            if self._control.run(_RELEASE).count < _BATCH:
                break
        rows = self._control.run(_READY, queues=list(queues), at_most=at_most).rows()
        return {row["queue"]: row["claimable"] for row in rows}

    def claim(self, queue: str, after: UUID, lease_s: float) -> Delivery | None:
        token = uuid4()
        rows = self._control.run(_CLAIM, queue=queue, after=after, token=token, lease_s=lease_s).rows()
        if not rows:
            return None
        row = rows[0]
        return Delivery(
            row["workspace_id"], row["id"], row["event_id"] is not None, row["module"], row["handler"], row["queue"],
            row["attempts"], row["max_attempts"], token, row["request_id"],
        )  # fmt: skip

    def renew(self, delivery: Delivery, lease_s: float) -> bool:
        return self._control.run(_RENEW, **_of(delivery), lease_s=lease_s).count == 1

    def retry(self, delivery: Delivery, in_s: float, error: str | None = None) -> bool:
        if error is None:
            return self._control.run(_RETURN, **_of(delivery), in_s=in_s).count == 1
        return self._control.run(_RETRY, **_of(delivery), in_s=in_s, error=error).count == 1

    def park(self, delivery: Delivery, error: str) -> bool:
        return self._control.run(_PARK, **_of(delivery), error=error).count == 1

    def skip(self, delivery: Delivery) -> bool:
        return self._control.run(_SKIP, **_of(delivery)).count == 1


def _of(delivery: Delivery) -> dict[str, object]:
    return {"workspace": delivery.workspace_id, "id": delivery.id, "token": delivery.lease_token}
