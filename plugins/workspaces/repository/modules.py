"""The platform's table of what is on in a workspace, and how it is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plugins.sdk import ctx, sa, sql, statement, tables
from plugins.workspaces.ports import Installed
from plugins.workspaces.repository.conditions import bind

w = tables.workspaces
m = tables.workspace_modules
_THIS = w.c.id == sa.bindparam("workspace_id")

_settings = sa.select(sa.func.jsonb_object_agg(m.c.module, m.c.settings)).where(m.c.workspace_id == sa.bindparam("workspace_id")).scalar_subquery()
INSTALLED = statement(sa.select(w.c.version, w.c.modules, _settings.label("settings")).where(_THIS))
SWITCH = statement(
    sa.update(w).where(_THIS).values(modules=bind("modules", w.c.modules), version=w.c.version + 1, updated_at=bind("now", w.c.updated_at))
)
CONFIGURE = sql(
    "insert into workspace_modules (workspace_id, module, settings, changed_at, changed_by) values ($1, $2, $3::jsonb, $4, $5)"
    " on conflict on constraint pk_workspace_modules do update set settings = excluded.settings, changed_at = excluded.changed_at,"
    " changed_by = excluded.changed_by, version = workspace_modules.version + 1",
    "workspace_id", "module", "settings", "now", "actor_id",
    json=("settings",),
)  # fmt: skip


class Modules:
    """plugins.workspaces.ports.Modules on the open transaction."""

    def installed(self) -> Installed:
        row = ctx.work.one(INSTALLED)
        assert row is not None
        return Installed(row["version"], row["modules"], row["settings"] or {})

    def switch(self, modules: Sequence[str], now: datetime) -> None:
        ctx.work.write(SWITCH, modules=list(modules), now=now)

    def configure(self, module: str, settings: Mapping[str, Any], now: datetime) -> None:
        ctx.work.write(CONFIGURE, module=module, settings=settings, now=now)
