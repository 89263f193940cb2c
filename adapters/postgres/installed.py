"""What plugins left in the database across all workspaces, as the owner sees it."""

from __future__ import annotations

import sqlalchemy as sa

from adapters.postgres.migrate import owner


def workspaces_with(conninfo: str) -> dict[str, int]:
    """Module → how many workspaces have it on."""
    with owner(conninfo) as connection:
        rows = connection.execute(sa.text("select m as module, count(*) as here from workspaces, unnest(modules) m group by m"))
        return {row.module: row.here for row in rows}


def forget(conninfo: str, plugin: str) -> None:
    """Delete a plugin's settings and its jobs in every workspace. Idempotent."""
    with owner(conninfo) as connection:
        for statement in (
            "delete from outbox_deliveries where split_part(handler, ':', 1) = :plugin",
            "delete from workspace_modules where module = :plugin",
        ):
            connection.execute(sa.text(statement), {"plugin": plugin})
