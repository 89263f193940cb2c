"""The platform's table of workspaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from plugins.sdk import Document, Row, ctx, sa, sql, statement, tables
from plugins.workspaces.repository.conditions import bind, unless_changed, version_of

w = tables.workspaces
_THIS = w.c.id == sa.bindparam("workspace_id")
_PROFILE = (w.c.name, w.c.timezone, w.c.currency, w.c.locale, w.c.week_start, w.c.time_format)
_WORKSPACE = (w.c.id, *_PROFILE, w.c.branding, w.c.modules, w.c.version, w.c.created_at, w.c.updated_at)

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
# What the gate's function does not set; still the first version.
DRESS = statement(
    sa.update(w).where(w.c.id == sa.bindparam("id")).values(time_format=bind("time_format", w.c.time_format), branding=bind("branding", w.c.branding))
)
READ = statement(sa.select(*_WORKSPACE).where(_THIS))
CHANGE = statement(
    sa.update(w)
    .where(_THIS, unless_changed(w.c.version))
    .values(
        {column: sa.func.coalesce(bind(column.name, column), column) for column in _PROFILE}
        # Member by member; those set to null go.
        | {w.c.branding: sa.func.jsonb_strip_nulls(w.c.branding.concat(sa.func.coalesce(bind("branding", w.c.branding), sa.text("'{}'::jsonb"))))}
        | {w.c.version: w.c.version + 1, w.c.updated_at: bind("now", w.c.updated_at)}
    )
    .returning(*_WORKSPACE)
)
LOCK = statement(sa.select(w.c.id).where(_THIS).with_for_update(key_share=True))


class Workspaces:
    """plugins.workspaces.ports.Workspaces on the open transaction."""

    def found(self, id: UUID, modules: Sequence[str], *, time_format: str, branding: Mapping[str, Any], **profile: object) -> Row:
        ctx.work.write(FOUND, id=id, modules=list(modules), **profile)
        if branding or time_format != "24h":
            ctx.work.write(DRESS, id=id, time_format=time_format, branding={name: value for name, value in branding.items() if value is not None})
        founded = ctx.work.one(FOUNDED, id=id)
        assert founded is not None
        return founded

    def mine(self, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(MINE, after=after, limit=limit)

    def workspace(self) -> Row | None:
        return ctx.work.one(READ)

    def change(self, expected: int | None, now: datetime, **profile: object) -> Row | None:
        given = {name: profile.get(name) for name in (*(column.name for column in _PROFILE), "branding")}
        return ctx.work.one(CHANGE, expected=version_of(expected), now=now, **given)

    def lock(self) -> None:
        ctx.work.write(LOCK)
