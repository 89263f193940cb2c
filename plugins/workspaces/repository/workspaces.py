"""The platform's table of workspaces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plugins.sdk import Document, ctx, sa, sql, statement, tables
from plugins.workspaces.repository.conditions import bind, unless_changed, version_of

w = tables.workspaces
_THIS = w.c.id == sa.bindparam("workspace_id")
_PROFILE = (w.c.name, w.c.timezone, w.c.currency, w.c.locale, w.c.week_start)
_WORKSPACE = (w.c.id, *_PROFILE, w.c.modules, w.c.version, w.c.created_at, w.c.updated_at)

FOUND = sql(
    "select app.found_workspace($1, $2, $3, $4, $5, $6::smallint, $7::text[])",
    "id", "name", "timezone", "currency", "locale", "week_start", "modules",
)  # fmt: skip
FOUNDED = statement(sa.select(*_WORKSPACE).where(w.c.id == sa.bindparam("id")))
MINE = sql(
    "select id, name, role, client_id, created_at from app.my_workspaces()"
    " where $1::uuid is null or id > $1::uuid order by id limit $2::int",
    "after", "limit",
)  # fmt: skip
READ = statement(sa.select(*_WORKSPACE).where(_THIS))
CHANGE = statement(
    sa.update(w)
    .where(_THIS, unless_changed(w.c.version))
    .values(
        {column: sa.func.coalesce(bind(column.name, column), column) for column in _PROFILE}
        | {w.c.version: w.c.version + 1, w.c.updated_at: bind("now", w.c.updated_at)}
    )
    .returning(*_WORKSPACE)
)
LOCK = statement(sa.select(w.c.id).where(_THIS).with_for_update(key_share=True))


class Workspaces:
    """plugins.workspaces.ports.Workspaces on the open transaction."""

    def found(self, id: UUID, modules: Sequence[str], **profile: object) -> Document:
        ctx.work.write(FOUND, id=id, modules=list(modules), **profile)
        founded = ctx.work.document(FOUNDED, id=id)
        assert founded is not None
        return founded

    def mine(self, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(MINE, after=after, limit=limit)

    def workspace(self) -> Document | None:
        return ctx.work.document(READ)

    def change(self, expected: int | None, now: datetime, **profile: object) -> Document | None:
        given = {column.name: profile.get(column.name) for column in _PROFILE}
        return ctx.work.document(CHANGE, expected=version_of(expected), now=now, **given)

    def lock(self) -> None:
        ctx.work.write(LOCK)
