"""What an operator sees and does: how much waits, what died, once more. As the relay identity: no payload is ever shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from adapters.postgres.outbox.control import Control
from adapters.postgres.pool import Pool
from adapters.postgres.statements import sql
from ports.persistence import Document

State = Literal["pending", "dead", "skipped"]

_STATE = "case when dead_at is not null then 'dead' when skipped_at is not null then 'skipped' else 'pending' end as state"
_COUNTS = sql(
    f"select queue, handler, {_STATE}, count(*) as count, min(created_at) as oldest from outbox_deliveries"
    " where done_at is null group by queue, handler, state order by state, queue, handler"
)
_LIST = sql(
    f"select id, workspace_id, queue, handler, {_STATE}, attempts, max_attempts, available_at, created_at, dead_at, last_error"
    "  from outbox_deliveries where done_at is null and case $1 when 'dead' then dead_at is not null"
    " when 'skipped' then skipped_at is not null and dead_at is null else dead_at is null and skipped_at is null end"
    " order by created_at desc, id limit $2::int",
    "state", "limit",
)  # fmt: skip
_AGAIN = "update outbox_deliveries set dead_at = null, skipped_at = null, attempts = 0, available_at = now(), rung_at = now() where done_at is null"
_RETRY = sql(f"{_AGAIN} and id = $1 and (locked_until is null or locked_until < clock_timestamp())", "id")
_RETRY_DEAD = sql(f"{_AGAIN} and dead_at is not null")
_PURGE = sql("delete from outbox_deliveries where dead_at is not null")


class OutboxLetters:
    """pool: of the relay identity."""

    def __init__(self, pool: Pool) -> None:
        self._control = Control(pool)

    def counts(self) -> Sequence[Document]:
        """Everything undone by queue, handler and state, with the oldest of each."""
        return self._control.run(_COUNTS).rows(documents=True)

    def listed(self, state: State = "dead", limit: int = 50) -> Sequence[Document]:
        """The newest in a state, with the error that put them there."""
        return self._control.run(_LIST, state=state, limit=limit).rows(documents=True)

    def retry(self, id: UUID) -> bool:
        """Once more from attempt one, now; also a skipped one. False when there is no such undone delivery, or somebody works on it."""
        return self._control.run(_RETRY, id=id).count > 0

    def retry_dead(self) -> int:
        """Every dead one once more."""
        return self._control.run(_RETRY_DEAD).count

    def purge_dead(self) -> int:
        """Delete every dead one."""
        return self._control.run(_PURGE).count
