"""Sealed columns in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from plugins.clients.plugin import plugin
from plugins.sdk import Row, ctx, metadata, sa, sealed_columns, statement

_PREFIX = sa.bindparam("prefix", type_=sa.Text)


@cache
def due(table: str, column: str) -> Any:
    """Rows that another key sealed."""
    t = metadata.tables[table].c
    return statement(
        sa.select(t.id, t[column].label("sealed"))
        .where(t.workspace_id == sa.bindparam("workspace_id"), t.id > sa.bindparam("after"), sa.not_(sa.func.starts_with(t[column], _PREFIX)))
        .order_by(t.id)
        .limit(sa.bindparam("limit", type_=sa.BigInteger))
    )


@cache
def swap(table: str, column: str) -> Any:
    """Version and time of the last change stay: what is read has not changed."""
    target = metadata.tables[table]
    texts = sa.ARRAY(sa.Text)
    pairs = (
        sa.func.unnest(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid)), sa.bindparam("before", type_=texts), sa.bindparam("anew", type_=texts))
        .table_valued(sa.column("id", sa.Uuid), sa.column("before", sa.Text), sa.column("anew", sa.Text), name="pairs")
        .render_derived()
    )
    return statement(
        sa.update(target)
        .where(target.c.workspace_id == sa.bindparam("workspace_id"), target.c.id == pairs.c.id, target.c[column] == pairs.c.before)
        .values({column: pairs.c.anew, "updated_at": target.c.updated_at})
    )


class SealedRows:
    """plugins.clients.ports.resealing.SealedRows on the open transaction."""

    def columns(self) -> Sequence[tuple[str, str]]:
        return sealed_columns(plugin.id)

    def due(self, table: str, column: str, prefix: str, after: UUID, limit: int) -> Sequence[Row]:
        return ctx.work.rows(due(table, column), prefix=prefix, after=after, limit=limit)

    def swap(self, table: str, column: str, ids: Sequence[UUID], before: Sequence[str], after: Sequence[str]) -> int:
        return ctx.work.change(swap(table, column), ids=list(ids), before=list(before), anew=list(after))
