"""Sealed columns in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from plugins.clients.models import health as health
from plugins.clients.plugin import plugin
from plugins.sdk import Row, ctx, sealed_columns, sql


@cache
def due(table: str, column: str) -> Any:
    """Rows that another key sealed."""
    return sql(  # the names are those of our own models
        f"select id, {column} as sealed from {table} where workspace_id = $1 and id > $3 and not starts_with({column}, $2) order by id limit $4",  # noqa: S608
        "workspace_id", "prefix", "after", "limit",
    )  # fmt: skip


@cache
def swap(table: str, column: str) -> Any:
    """The version stays: what is read has not changed."""
    return sql(
        f"update {table} t set {column} = v.anew from unnest($2::uuid[], $3::text[], $4::text[]) v (id, before, anew)"  # noqa: S608 - as above
        f" where t.workspace_id = $1 and t.id = v.id and t.{column} = v.before",
        "workspace_id", "ids", "before", "anew",
    )  # fmt: skip


class SealedRows:
    """plugins.clients.ports.resealing.SealedRows on the open transaction."""

    def columns(self) -> Sequence[tuple[str, str]]:
        return sealed_columns(plugin.id)

    def due(self, table: str, column: str, prefix: str, after: UUID, limit: int) -> Sequence[Row]:
        return ctx.work.rows(due(table, column), prefix=prefix, after=after, limit=limit)

    def swap(self, table: str, column: str, ids: Sequence[UUID], before: Sequence[str], after: Sequence[str]) -> int:
        return ctx.work.change(swap(table, column), ids=list(ids), before=list(before), anew=list(after))
