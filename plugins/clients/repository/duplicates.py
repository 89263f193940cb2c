"""Who may be the same person, in PostgreSQL: terms that no two people share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from plugins.clients.domain.duplicates import MOST, Candidate, match_of
from plugins.clients.repository.register import LOCK_KEYS
from plugins.sdk import Row, ctx, sql

_CANDIDATES = sql(
    "select c.id, c.full_name, min(array_position($2::text[], t.term)) as place from clients_term t"
    " join clients c on c.workspace_id = t.workspace_id and c.id = t.client_id"
    " where t.workspace_id = $1 and t.term = any($2::text[]) and t.client_id is distinct from $4::uuid"
    " group by c.id, c.full_name order by place, c.id limit $3",
    "workspace_id", "keys", "limit", "client_id",
)  # fmt: skip
# An address is a word with an at sign.
_GROUPS = sql(
    "select t.term as key, json_agg(json_build_object('id', c.id, 'full_name', c.full_name, 'status', c.status) order by c.id) as clients"
    " from clients_term t join clients c on c.workspace_id = t.workspace_id and c.id = t.client_id"
    " where t.workspace_id = $1 and t.term > $2 and (left(t.term, 2) in ('b:', 'p:') or (left(t.term, 2) = 'w:' and position('@' in t.term) > 0))"
    " group by t.term having count(*) > 1 order by t.term limit $3",
    "workspace_id", "after", "limit",
)  # fmt: skip


class Duplicates:
    """Implements the port of the same name."""

    def check(self, keys: Sequence[str]) -> list[Candidate]:
        return self.others(None, keys) if ctx.work.careful else []

    def others(self, client_id: UUID | None, keys: Sequence[str]) -> list[Candidate]:
        if not keys:
            return []
        ctx.work.write(LOCK_KEYS, keys=list(keys))
        rows = ctx.work.rows(_CANDIDATES, keys=list(keys), limit=MOST, client_id=client_id)
        return [Candidate(row["id"], row["full_name"], match_of(keys[row["place"] - 1])) for row in rows]

    def groups(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_GROUPS, limit=limit, after=after[0] if after else "")
