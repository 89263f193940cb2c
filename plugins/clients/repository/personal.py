"""All that is stored about one client, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from plugins.clients.repository.health import OF
from plugins.sdk import Row, ctx, sql

RECORDS: Final = sql(
    "select id, full_name, email, phone, birth_date, status, tags, notes, assigned_to, archived_at, merged_into, lifecycle_stage, lifecycle_since,"
    " custom_fields, version, created_at, updated_at from clients where workspace_id = $1 and (id = $2 or merged_into = $2) order by id",
    "workspace_id", "client_id",
)  # fmt: skip
_KINDS: Final = {
    "consents": (
        "id, client_id, purpose, given_by, given_at, how, recorded_by, withdrawn_at, withdrawn_by, version, created_at, updated_at",
        "clients_consent", "id",
    ),
    "notes": ("id, client_id, author_id, body, visibility, pinned, removed_at, version, created_at, updated_at", "clients_notes", "id"),
    "exclusions": (
        "id, client_id, kind, starts_on, ends_on, reason, expected_adherence, removed_at, version, created_at, updated_at", "clients_exclusion", "id",
    ),
    "history": ("id, client_id, at, kind, detail, reference", "clients_history", "at, id"),
    "imports": ("client_id, import_id, at", "clients_imported", "at, key"),
}  # fmt: skip
KINDS: Final = {
    kind: sql(
        f"select {columns} from {table} where workspace_id = $1 and client_id = any($2::uuid[]) order by {order}",  # noqa: S608 - of this file
        "workspace_id", "client_ids",
    )
    for kind, (columns, table, order) in _KINDS.items()
}  # fmt: skip


class Personal:
    """plugins.clients.ports.personal.Personal on the open transaction."""

    def records(self, client_id: UUID) -> Sequence[Row]:
        return ctx.work.rows(RECORDS, client_id=client_id)

    def kinds(self, client_ids: Sequence[UUID]) -> Mapping[str, Sequence[Row]]:
        return {kind: ctx.work.rows(asked, client_ids=list(client_ids)) for kind, asked in KINDS.items()}

    def health(self, client_ids: Sequence[UUID]) -> Sequence[Mapping[str, Any]]:
        return ctx.work.rows(OF, client_ids=list(client_ids))
