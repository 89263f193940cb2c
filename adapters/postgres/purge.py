"""Purging: a plugin's rows of one workspace, gone for good, by the platform; the plugin has no code for it and cannot forget a table."""

from __future__ import annotations

import json
from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.schema import sort_tables

from adapters.postgres.migrate import owner
from adapters.postgres.model import metadata


def ordered(tables: Iterable[str]) -> list[str]:
    """Tables in reverse foreign-key order: children first."""
    return [table.name for table in reversed(sort_tables([metadata.tables[name] for name in tables]))]


def purge(conninfo: str, plugin: str, tables: Iterable[str], workspace: UUID, *, dry_run: bool = False) -> dict[str, int]:
    """Delete, in one transaction, every row of these tables in a workspace, its undone jobs and its settings; one summary audit row.

    Returns table → rows. dry_run counts and changes nothing. Raises ValueError while the plugin is on there.
    """
    with owner(conninfo) as connection:
        found = connection.execute(
            sa.text("select :plugin = any (modules) from workspaces where id = :workspace for no key update"),
            {"plugin": plugin, "workspace": workspace},
        ).scalar()
        if found is None:
            raise ValueError("there is no such workspace")
        if found:
            raise ValueError(f"{plugin} is on in this workspace: disable it first")
        connection.exec_driver_sql("set local app.purging = 'on'")
        counts = {}
        for name in ordered(tables):
            table = metadata.tables[name]
            here = table.c.workspace_id == workspace
            if dry_run:
                counts[name] = connection.execute(sa.select(sa.func.count()).select_from(table).where(here)).scalar_one()
            else:
                counts[name] = connection.execute(sa.delete(table).where(here)).rowcount
        if not dry_run:
            _forget(connection, plugin, workspace, counts)
        return counts


def _forget(connection: sa.Connection, plugin: str, workspace: UUID, counts: dict[str, int]) -> None:
    values = {"plugin": plugin, "workspace": workspace}
    connection.execute(sa.text("delete from outbox_deliveries where workspace_id = :workspace and split_part(handler, ':', 1) = :plugin"), values)
    connection.execute(sa.text("delete from workspace_modules where workspace_id = :workspace and module = :plugin"), values)
    connection.execute(
        sa.text(
            "insert into audit_logs (workspace_id, actor, request_id, action, table_name, record_id, before)"
            " values (:workspace, 'operator', '', 'purge', :plugin, :plugin, cast(:counts as jsonb))"
        ),
        {**values, "counts": json.dumps(counts)},
    )
