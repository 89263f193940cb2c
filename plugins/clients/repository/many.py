"""Work on many clients, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plugins.clients.domain.register import Search
from plugins.clients.models.many import Filter
from plugins.clients.models.register import clients
from plugins.clients.ports.many import Moved
from plugins.clients.repository.collaborators import STAYS
from plugins.clients.repository.register import asked
from plugins.sdk import Conflict, Row, constraints, ctx, sa, sql, statement

_T: Final = clients.c
_F: Final = Filter.__table__.c
_PAGE: Final = 1_000
_CHOSEN: Final = frozenset({"clients_health"})
"""Whose rows move only when somebody chose so."""

constraints["uq_clients_filter_name"] = lambda: Conflict("You have a filter of this name.", code="name_taken")

_HOLD = statement(
    sa.select(clients)
    .where(_T.workspace_id == sa.bindparam("workspace_id"), _T.id == sa.func.any(sa.bindparam("ids", type_=sa.ARRAY(sa.Uuid))))
    .order_by(_T.id)
    .with_for_update()
)
_ARCHIVE = sql(
    "update clients set status = 'archived', archived_at = coalesce(archived_at, $4), merged_into = $3, updated_at = $4, version = version + 1"
    " where workspace_id = $1 and id = $2",
    "workspace_id", "client_id", "into", "now",
)  # fmt: skip
_FORGET = sql("delete from clients_term where workspace_id = $1 and client_id = $2", "workspace_id", "client_id")
_KEEP_TERMS = sql(
    "insert into clients_term (workspace_id, client_id, term, merged) select $1::uuid, $3::uuid, term, true from clients_term"
    " where workspace_id = $1 and client_id = $2 and merged union select $1::uuid, $3::uuid, unnest($4::text[]), true"
    " on conflict (workspace_id, client_id, term) do update set merged = true",
    "workspace_id", "client_id", "into", "keys",
)  # fmt: skip
_ADDRESSES = sql("select user_id, email from user_roles where workspace_id = $1 and role <> 'Cliente'", "workspace_id")

_SHOWN: Final = (_F.id, _F.name, _F.shared, _F.query, (_F.user_id == sa.bindparam("actor_id")).label("mine"), _F.version, _F.created_at)
_MINE: Final = sa.and_(_F.workspace_id == sa.bindparam("workspace_id"), _F.user_id == sa.bindparam("actor_id"))
_VISIBLE: Final = sa.and_(_F.workspace_id == sa.bindparam("workspace_id"), sa.or_(_F.user_id == sa.bindparam("actor_id"), _F.shared))
_FIRST = statement(sa.select(*_SHOWN).where(_VISIBLE).order_by(_F.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))
_NEXT = statement(sa.select(*_SHOWN).where(_VISIBLE, _F.id > sa.bindparam("after")).order_by(_F.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))
_GET = statement(sa.select(*_SHOWN).where(_VISIBLE, _F.id == sa.bindparam("filter_id")))
_ADD = sql(
    "insert into clients_filter (workspace_id, id, user_id, name, shared, query, created_at, updated_at)"
    " values ($1, $2, $3, $4, $5, $6::jsonb, $7, $7)",
    "workspace_id", "id", "actor_id", "name", "shared", "query", "created_at", json=("query",),
)  # fmt: skip
_CHANGE = sql(
    "update clients_filter set name = $3, shared = $4, query = $5::jsonb, updated_at = now(), version = version + 1"
    " where workspace_id = $1 and id = $2 and user_id = $6 and version = coalesce($7, version)",
    "workspace_id", "filter_id", "name", "shared", "query", "actor_id", "expected", json=("query",),
)  # fmt: skip
_AT_VERSION: Final = _F.version == sa.func.coalesce(sa.bindparam("expected", type_=sa.BigInteger), _F.version)
_OWNERS: Final = sa.and_(_F.shared, sa.bindparam("owner", type_=sa.Boolean))
_REMOVE = statement(
    sa.delete(Filter).where(
        _F.workspace_id == sa.bindparam("workspace_id"),
        sa.or_(_F.user_id == sa.bindparam("actor_id"), _OWNERS),
        _F.id == sa.bindparam("filter_id"),
        _AT_VERSION,
    )
)


class Many:
    """Implements Merging and Exports."""

    def hold(self, ids: Sequence[UUID]) -> Mapping[UUID, Row]:
        return {row["id"]: row for row in ctx.work.rows(_HOLD, ids=list(ids))}

    def stays(self, user_id: UUID) -> bool:
        row = ctx.work.one(STAYS, person=user_id)
        return row is not None and row["held"]

    def repoint(self, source: UUID, to: UUID) -> Sequence[Moved]:
        return [Moved(each.table, each.moved, each.left) for each in ctx.repoint("clients", source, to, leaving=_CHOSEN)]

    def archive(self, source: UUID, to: UUID, now: datetime, keys: Sequence[str]) -> None:
        ctx.work.write(_ARCHIVE, client_id=source, into=to, now=now)
        ctx.work.write(_KEEP_TERMS, client_id=source, into=to, keys=list(keys))
        ctx.work.write(_FORGET, client_id=source)

    def every(self, search: Search) -> Iterator[Row]:
        addresses = {row["user_id"]: row["email"] for row in ctx.work.rows(_ADDRESSES)}
        after: tuple[Any, ...] | None = None
        while True:
            statement, parameters = asked(search, _PAGE, after)
            rows = ctx.work.rows(statement, **parameters)
            yield from ({**row, "assigned_to": addresses.get(row["assigned_to"])} for row in rows)
            if len(rows) < _PAGE:
                return
            last = rows[-1]
            after = (last["search_name"], last["id"]) if search.sort.by_name else (last["id"],)


class Filters:
    """Implements the port of the same name."""

    def page(self, limit: int, after: tuple[Any, ...] | None) -> list[Row]:
        return list(ctx.work.rows(_NEXT, limit=limit, after=after[0]) if after else ctx.work.rows(_FIRST, limit=limit))

    def get(self, filter_id: UUID) -> Row | None:
        return ctx.work.one(_GET, filter_id=filter_id)

    def add(self, values: Mapping[str, object]) -> None:
        ctx.work.write(_ADD, **values)

    def change(self, filter_id: UUID, values: Mapping[str, object], expected: int | None) -> bool:
        return ctx.work.change(_CHANGE, filter_id=filter_id, expected=expected, **values) == 1

    def remove(self, filter_id: UUID, expected: int | None, *, shared: bool) -> bool:
        return ctx.work.change(_REMOVE, filter_id=filter_id, expected=expected, owner=shared) == 1
