"""Erasing: the values of audit entries, taken away for good by the owner, with the entry that records it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

_COUNT = "select count(*) from audit_logs where workspace_id = :workspace and id = any(:entries) and action <> 'erase'"


def erase(connection: sa.Connection, workspace: UUID, record: UUID, entries: Sequence[UUID], said: Mapping[str, object]) -> None:
    """Write the record, whose `after` is `said`, and erase what it names. In the owner's transaction; the database holds them to each other.

    Raises ValueError when one of them is no entry of the workspace, or records an erasure itself.
    """
    here = {"workspace": workspace, "record": record, "entries": list(entries)}
    if connection.execute(sa.text(_COUNT), here).scalar_one() != len(set(entries)):
        raise ValueError("not all of these are entries of this workspace that can be erased")
    connection.execute(
        sa.text(
            "insert into audit_logs (workspace_id, id, actor, request_id, action, table_name, record_id, after)"
            " values (:workspace, :record, 'operator', '', 'erase', 'audit_logs', 'erasure', cast(:said as jsonb))"
        ),
        {**here, "said": json.dumps(said)},
    )
    connection.execute(sa.text("select set_config('app.erasing', :record, true)"), {"record": str(record)})
    connection.execute(
        sa.text(
            "update audit_logs set before = null, salt = null, after = jsonb_build_object('erased', cast(:record as text))"
            " where workspace_id = :workspace and id = any(:entries)"
        ),
        here,
    )
