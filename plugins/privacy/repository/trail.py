"""audit_logs, read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from plugins.privacy.ports import Filters, ReadFilters
from plugins.sdk import Document, Row, ctx, sa, statement, tables

log = tables.audit_logs
_HERE = log.c.workspace_id == sa.bindparam("workspace_id")
_ENTRY = (
    log.c.id, log.c.at, log.c.actor_id, log.c.actor, log.c.action, log.c.table_name.label("table"), log.c.record_id,
    log.c.before, log.c.after, log.c.request_id,
)  # fmt: skip


def _optional(column: sa.Column[Any], name: str, operator: str = "=") -> sa.ColumnElement[bool]:
    wanted = sa.bindparam(name, type_=column.type)
    return sa.or_(wanted.is_(None), column.bool_op(operator)(wanted))


ENTRIES = statement(
    sa.select(*_ENTRY)
    .where(
        _HERE,
        _optional(log.c.actor_id, "by"),
        _optional(log.c.table_name, "table"),
        _optional(log.c.record_id, "record_id"),
        _optional(log.c.action, "action"),
        _optional(log.c.request_id, "request_id"),
        _optional(log.c.at, "since", ">="),
        _optional(log.c.at, "until", "<"),
        _optional(log.c.id, "before", "<"),
    )
    .order_by(log.c.id.desc())
    .limit(sa.bindparam("limit"))
)
_CLIENT = sa.bindparam("client_id", type_=sa.Uuid)
# With those merged into it, however long ago.
_RECORDS = sa.cast(sa.select(sa.func.app.records_of(_CLIENT)).scalar_subquery(), sa.ARRAY(sa.Uuid))
READS = statement(
    sa.select(
        log.c.id, log.c.at, log.c.actor_id, log.c.actor, log.c.after["reader"].astext.label("reader"), log.c.table_name.label("table"),
        log.c.record_id, log.c.client_id, log.c.after["purpose"].astext.label("purpose"), log.c.request_id,
    )
    .where(
        _HERE,
        log.c.action == "read",
        sa.or_(_CLIENT.is_(None), log.c.client_id == sa.func.any(_RECORDS)),
        _optional(log.c.actor_id, "by"),
        _optional(log.c.table_name, "table"),
        _optional(log.c.record_id, "record_id"),
        _optional(log.c.at, "since", ">="),
        _optional(log.c.at, "until", "<"),
        _optional(log.c.id, "before", "<"),
    )
    .order_by(log.c.id.desc())
    .limit(sa.bindparam("limit"))
)  # fmt: skip
_s = tables.audit_seals
_POSITION = (
    sa.select(_s.c.first + sa.func.array_position(_s.c.entries, log.c.id) - 1)
    .where(_s.c.workspace_id == log.c.workspace_id, _s.c.through >= log.c.seq, log.c.id == sa.func.any(_s.c.entries))
    .order_by(_s.c.through, _s.c.number)
    .limit(1)
    .scalar_subquery()
)
ENTRY = statement(sa.select(*_ENTRY, _POSITION.label("position")).where(_HERE, log.c.id == sa.bindparam("id")))


class Entries:
    """plugins.privacy.ports.Trail on the open transaction."""

    def entries(self, filters: Filters, before: UUID | None, limit: int) -> list[Document]:
        given = asdict(filters)
        # The context has an actor_id of its own: whoever asks.
        given["by"] = given.pop("actor_id")
        return ctx.work.documents(ENTRIES, before=before, limit=limit, **given)

    def export(self, filters: Filters, before: UUID | None, limit: int) -> Sequence[Row]:
        given = asdict(filters)
        given["by"] = given.pop("actor_id")
        return ctx.work.rows(ENTRIES, before=before, limit=limit, **given)

    def reads(self, filters: ReadFilters, before: UUID | None, limit: int) -> list[Document]:
        given = asdict(filters)
        given["by"] = given.pop("actor_id")
        return ctx.work.documents(READS, before=before, limit=limit, **given)

    def entry(self, id: UUID) -> Document | None:
        return ctx.work.document(ENTRY, id=id)
