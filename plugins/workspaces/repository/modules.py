"""The platform's table of what is on in a workspace, and how it is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from plugins.sdk import ctx, sa, sql, statement, tables
from plugins.workspaces.ports import Installed, Sealed
from plugins.workspaces.repository.conditions import bind

w = tables.workspaces
m = tables.workspace_modules
_THIS = w.c.id == sa.bindparam("workspace_id")

_settings = sa.select(sa.func.jsonb_object_agg(m.c.module, m.c.settings)).where(m.c.workspace_id == sa.bindparam("workspace_id")).scalar_subquery()
_secrets = (
    sa.select(sa.func.jsonb_object_agg(m.c.module, m.c.secrets))
    .where(m.c.workspace_id == sa.bindparam("workspace_id"), m.c.secrets.is_not(None))
    .scalar_subquery()
)
INSTALLED = statement(sa.select(w.c.version, w.c.modules, _settings.label("settings"), _secrets.label("secrets")).where(_THIS))
SWITCH = statement(
    sa.update(w).where(_THIS).values(modules=bind("modules", w.c.modules), version=w.c.version + 1, updated_at=bind("now", w.c.updated_at))
)
CONFIGURE = sql(
    "insert into workspace_modules (workspace_id, module, settings, changed_at, changed_by, secrets) values ($1, $2, $3::jsonb, $4, $5, $6::jsonb)"
    " on conflict on constraint pk_workspace_modules do update set settings = excluded.settings, changed_at = excluded.changed_at,"
    " changed_by = excluded.changed_by, secrets = excluded.secrets, version = workspace_modules.version + 1",
    "workspace_id", "module", "settings", "now", "actor_id", "secrets",
    json=("settings", "secrets"),
)  # fmt: skip
RESEAL = sql(
    "update workspace_modules set secrets = $3::jsonb where workspace_id = $1 and module = $2", "workspace_id", "module", "secrets", json=("secrets",)
)


class Modules:
    """plugins.workspaces.ports.Modules on the open transaction."""

    def installed(self) -> Installed:
        row = ctx.work.one(INSTALLED)
        assert row is not None
        secrets = {module: {name: Sealed(text) for name, text in found.items()} for module, found in (row["secrets"] or {}).items()}
        return Installed(row["version"], row["modules"], row["settings"] or {}, secrets)

    def switch(self, modules: Sequence[str], now: datetime) -> None:
        ctx.work.write(SWITCH, modules=list(modules), now=now)

    def configure(self, module: str, settings: Mapping[str, Any], secrets: Mapping[str, Sealed], now: datetime) -> None:
        ctx.work.write(CONFIGURE, module=module, settings=settings, secrets=_texts(secrets), now=now)

    def reseal(self, module: str, secrets: Mapping[str, Sealed]) -> None:
        ctx.work.write(RESEAL, module=module, secrets=_texts(secrets))


def _texts(secrets: Mapping[str, Sealed]) -> dict[str, str] | None:
    return {name: sealed.text for name, sealed in secrets.items()} or None
