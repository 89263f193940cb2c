"""Imports in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from plugins.clients.domain.imports.report import MOST
from plugins.clients.domain.register import normalise
from plugins.clients.models.many import Import, files
from plugins.clients.ports.imports import Place
from plugins.clients.repository.collaborators import stay
from plugins.clients.repository.register import LOCK_EVERY_KEY, LOCK_KEYS
from plugins.sdk import Row, ctx, sa, sql, statement, tables

_T: Final = Import.__table__.c
_D: Final = tables.outbox_deliveries.c
_MOST_LOCKS: Final = 2_000
"""Terms that are locked one by one; PostgreSQL has room for a few thousand locks."""
_STATE: Final = sa.case(
    (_T.reason.is_not(None), "failed"),
    (_T.finished_at.is_not(None), "done"),
    (_D.dead_at.is_not(None), "failed"),
    (_D.skipped_at.is_not(None), "skipped"),
    (_D.attempts > 0, "running"),
    else_="waiting",
).label("state")
_COUNTS: Final = ("total", "done", "added", "present", "duplicates", "invalid")
_SUMMARY: Final = (_T.id, _STATE, _T.job_id, _T.mode, _T.allow_duplicate, _T.file, *(_T[name] for name in _COUNTS))
_TIMES: Final = (_T.created_by, _T.created_at, _T.finished_at, _T.reason)
_JOINED: Final = sa.outerjoin(Import.__table__, tables.outbox_deliveries, sa.and_(_D.workspace_id == _T.workspace_id, _D.id == _T.job_id))
_HERE: Final = _T.workspace_id == sa.bindparam("workspace_id")

_GET = statement(sa.select(*_SUMMARY, _T.problems, *_TIMES).select_from(_JOINED).where(_HERE, _T.id == sa.bindparam("import_id")))
_FIRST, _NEXT = (
    statement(query.order_by(_T.id.desc()).limit(sa.bindparam("limit", type_=sa.BigInteger)))
    for query in (
        sa.select(*_SUMMARY, *_TIMES).select_from(_JOINED).where(_HERE),
        sa.select(*_SUMMARY, *_TIMES).select_from(_JOINED).where(_HERE, _T.id < sa.bindparam("after")),
    )
)
_START = sql(
    "insert into clients_import (workspace_id, id, job_id, created_by, mode, allow_duplicate, date_order, charset, file, total, created_at,"
    " updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $11)",
    "workspace_id", "id", "job_id", "actor_id", "mode", "allow_duplicate", "date_order", "charset", "file", "total", "created_at", json=("file",),
)  # fmt: skip
_KEEP = statement(
    sa.insert(files).values(workspace_id=sa.bindparam("workspace_id"), import_id=sa.bindparam("import_id"), content=sa.bindparam("content"))
)
_CONTENT = sql(
    "select i.mode, i.allow_duplicate, i.date_order, i.charset, i.file, i.total, i.done, i.created_by, f.content from clients_import i"
    " join clients_import_file f on f.workspace_id = i.workspace_id and f.import_id = i.id where i.workspace_id = $1 and i.id = $2",
    "workspace_id", "import_id",
)  # fmt: skip
_DROP = sql("delete from clients_import_file where workspace_id = $1 and import_id = $2", "workspace_id", "import_id")
_KNOWN = sql("select key from clients_imported where workspace_id = $1 and key = any($2::text[])", "workspace_id", "keys")
_HOLDERS = sql(
    "select term, min(client_id::text)::uuid as client_id from clients_term where workspace_id = $1 and term = any($2::text[]) group by term",
    "workspace_id", "terms",
)  # fmt: skip
_VISIBLE = sql("select id from clients where workspace_id = $1 and id = any($2::uuid[])", "workspace_id", "clients")
_PLACE = sql("select locale, timezone, now() as now from workspaces where id = $1", "workspace_id")
_COLLABORATORS = sql(
    "select user_id, email, full_name from user_roles where workspace_id = $1 and role <> 'Cliente' and ended_at is null", "workspace_id"
)
_STAFF = sql(
    "select user_id, client_scope = 'all' as unlimited from user_roles"
    " where workspace_id = $1 and user_id = any($2::uuid[]) and role <> 'Cliente' and ended_at is null",
    "workspace_id", "people",
)  # fmt: skip
_ACT_FOR = sql(
    "select set_config('app.user_id', user_id::text, true), set_config('app.actor', role, true) from user_roles"
    " where workspace_id = $1 and user_id = $2",
    "workspace_id", "person",
)  # fmt: skip
_STOP = sql(
    "update clients_import set reason = $3, finished_at = now(), version = version + 1, updated_at = now() where workspace_id = $1 and id = $2",
    "workspace_id", "import_id", "reason",
)  # fmt: skip
_INTERRUPTED = statement(sa.select(_T.id).select_from(_JOINED).where(_HERE, _T.finished_at.is_(None), _D.skipped_at.is_not(None)).order_by(_T.id))
_REQUEUED = sql(
    "update clients_import set job_id = $3, version = version + 1, updated_at = now() where workspace_id = $1 and id = $2",
    "workspace_id", "import_id", "job_id",
)  # fmt: skip
_ADD = sql(
    "insert into clients (workspace_id, id, full_name, search_name, email, phone, birth_date, status, tags, notes, assigned_to, archived_at,"
    " created_at, updated_at, lifecycle_stage, lifecycle_since, custom_fields) select $1, r.* from jsonb_to_recordset($2::jsonb) as r (id uuid,"
    " full_name text, search_name text, email text, phone text, birth_date date, status text, tags text[], notes text, assigned_to uuid,"
    " archived_at timestamptz, created_at timestamptz, updated_at timestamptz, lifecycle_stage text, lifecycle_since timestamptz,"
    " custom_fields jsonb)",
    "workspace_id", "clients", json=("clients",),
)  # fmt: skip
_ADD_TERMS = sql(
    "insert into clients_term (workspace_id, client_id, term) select $1, t.id, t.term from unnest($2::uuid[], $3::text[]) t (id, term)",
    "workspace_id", "ids", "terms",
)  # fmt: skip
_ADD_KEYS = sql(
    "insert into clients_imported (workspace_id, client_id, key, import_id, at)"
    " select $1, t.id, t.key, $4, $5 from unnest($2::uuid[], $3::text[]) t (id, key)",
    "workspace_id", "ids", "keys", "import_id", "at",
)  # fmt: skip
_ADVANCE = sql(
    "update clients_import set done = done + $3, added = added + $4, present = present + $5, duplicates = duplicates + $6, invalid = invalid + $7,"
    " problems = case when jsonb_array_length(problems) < $10 then problems || $8::jsonb else problems end,"
    " finished_at = case when $9::boolean then now() end, version = version + 1, updated_at = now() where workspace_id = $1 and id = $2",
    "workspace_id", "import_id", "done", "added", "present", "duplicates", "invalid", "problems", "finished", "most", json=("problems",),
)  # fmt: skip


class Imports:
    """Implements the port of the same name."""

    def place(self) -> Place:
        here = ctx.work.one(_PLACE) or {}
        staff, found = ctx.work.rows(_COLLABORATORS), dict[str, UUID | None]()
        for each in staff:
            name = normalise(each["full_name"])
            found[name] = None if name in found else each["user_id"]
        found |= {normalise(each["email"]): each["user_id"] for each in staff}
        moment: datetime = here["now"]
        return Place(here["locale"], moment.astimezone(ZoneInfo(here["timezone"])).date(), found)

    def start(self, values: Mapping[str, object], content: bytes) -> None:
        ctx.work.write(_START, **values)
        ctx.work.write(_KEEP, import_id=values["id"], content=content)

    def get(self, import_id: UUID) -> Row | None:
        return ctx.work.one(_GET, import_id=import_id)

    def visible(self, clients: Collection[UUID]) -> Collection[UUID]:
        return {row["id"] for row in ctx.work.rows(_VISIBLE, clients=list(clients))} if clients else ()

    def page(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_NEXT, limit=limit, after=after[0]) if after else ctx.work.rows(_FIRST, limit=limit)

    def content(self, import_id: UUID) -> tuple[Row, bytes] | None:
        row = ctx.work.one(_CONTENT, import_id=import_id)
        return None if row is None else (row, bytes(row["content"]))

    def lock(self) -> None:
        ctx.lock("clients_import")

    def stay(self, people: Collection[UUID]) -> Mapping[UUID, bool]:
        stay(people)
        return {row["user_id"]: row["unlimited"] for row in ctx.work.rows(_STAFF, people=list(people))} if people else {}

    def act_for(self, user_id: UUID) -> None:
        ctx.work.write(_ACT_FOR, person=user_id)

    def lock_terms(self, terms: Collection[str]) -> None:
        if len(terms) > _MOST_LOCKS:
            ctx.work.write(LOCK_EVERY_KEY)
        elif terms:
            ctx.work.write(LOCK_KEYS, keys=list(terms))

    def known(self, keys: Collection[str]) -> Collection[str]:
        return {row["key"] for row in ctx.work.rows(_KNOWN, keys=list(keys))}

    def holders(self, terms: Collection[str]) -> Mapping[str, UUID]:
        return {row["term"]: row["client_id"] for row in ctx.work.rows(_HOLDERS, terms=list(terms))} if terms else {}

    def add(
        self, import_id: UUID, clients: Sequence[Mapping[str, Any]], terms: Mapping[UUID, Sequence[str]], keys: Mapping[UUID, str]
    ) -> None:  # fmt: skip
        ctx.work.write(_ADD, clients=list(clients))
        pairs = [(id, term) for id, each in terms.items() for term in each]
        ctx.work.write(_ADD_TERMS, ids=[id for id, _ in pairs], terms=[term for _, term in pairs])
        ctx.work.write(_ADD_KEYS, ids=list(keys), keys=list(keys.values()), import_id=import_id, at=clients[0]["created_at"])

    def stop(self, import_id: UUID, reason: str) -> None:
        ctx.work.write(_STOP, import_id=import_id, reason=reason)
        ctx.work.write(_DROP, import_id=import_id)

    def interrupted(self) -> Sequence[UUID]:
        return [row["id"] for row in ctx.work.rows(_INTERRUPTED)]

    def requeued(self, import_id: UUID, job_id: UUID) -> None:
        ctx.work.write(_REQUEUED, import_id=import_id, job_id=job_id)

    def advance(self, import_id: UUID, counts: Mapping[str, int], problems: Sequence[Mapping[str, object]], *, finished: bool) -> None:
        ctx.work.write(_ADVANCE, import_id=import_id, problems=list(problems), finished=finished, most=MOST, **counts)
        if finished:
            ctx.work.write(_DROP, import_id=import_id)
