"""What privacy itself holds about a client, in the platform's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from plugins.sdk import Row, ctx, sql

_THEIRS: Final = "client_id = any ((select app.records_of($2))::uuid[])"
MEMBERSHIPS: Final = sql(
    "select user_id, full_name, email, role, created_at, updated_at from user_roles"
    f" where workspace_id = $1 and {_THEIRS} order by user_id",
    "workspace_id", "client_id",
)  # fmt: skip
READS: Final = sql(
    "select id, at, actor_id, actor, after ->> 'reader' as reader, table_name as table, record_id, after ->> 'purpose' as purpose from audit_logs"
    f" where workspace_id = $1 and {_THEIRS} and action = 'read' order by id",
    "workspace_id", "client_id",
)  # fmt: skip


class Personal:
    """plugins.privacy.ports.Personal on the open transaction."""

    def memberships(self, client_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(MEMBERSHIPS, client_id=client_id)

    def reads_of(self, client_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(READS, client_id=client_id)

    def exported(self, client_id: UUID) -> None:
        ctx.record_read("clients", client_id, client_id=client_id, purpose="personal data export")
