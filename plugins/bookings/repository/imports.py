"""Calendars of other applications in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.intervals import Interval
from plugins.bookings.models.calendars import calendars
from plugins.bookings.repository.conditions import behind, here, last_of
from plugins.sdk import Row, ctx, sa, sql, statement

_C: Final = calendars.c
SHOWN: Final = (
    _C.id, _C.name, _C.status, _C.last_fetched_at, _C.last_tried_at, _C.last_error, _C.events, _C.notes, _C.version, _C.created_at, _C.updated_at,
)  # fmt: skip
_THEIRS: Final = _C.user_id == sa.bindparam("user_id", type_=sa.Uuid)


def _page(after: bool) -> Any:
    query = sa.select(*SHOWN).where(_C.workspace_id == sa.bindparam("workspace_id"), _THEIRS)
    if after:
        query = query.where(behind(_C.id))
    return statement(query.order_by(_C.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))


_PAGES: Final = {after: _page(after) for after in (False, True)}
PLACE: Final = sql(
    "select coalesce(s.timezone, w.timezone) as timezone, (select count(*) from bookings_calendar where workspace_id = $1 and user_id = $2) as count"
    " from workspaces w join user_roles r on r.workspace_id = w.id and r.user_id = $2 and r.ended_at is null and r.role <> 'Cliente'"
    " left join bookings_schedule s on s.workspace_id = w.id and s.user_id = $2 where w.id = $1",
    "workspace_id", "user_id",
)  # fmt: skip
_STAFF: Final = "join user_roles r on r.workspace_id = c.workspace_id and r.user_id = c.user_id and r.ended_at is null and r.role <> 'Cliente'"
GET: Final = sql(
    f"select c.id, c.user_id, c.url, c.last_tried_at, coalesce(s.timezone, w.timezone) as timezone from bookings_calendar c {_STAFF}"
    " join workspaces w on w.id = c.workspace_id left join bookings_schedule s on s.workspace_id = c.workspace_id and s.user_id = c.user_id"
    " where c.workspace_id = $1 and c.id = $2 and ($3::uuid is null or c.user_id = $3::uuid)",
    "workspace_id", "id", "user_id",
)  # fmt: skip
ALL: Final = sql(f"select c.id from bookings_calendar c {_STAFF} where c.workspace_id = $1 order by c.id", "workspace_id")
ADD: Final = statement(sa.insert(calendars).values({column.name: sa.bindparam(column.name) for column in _C}))
_NOW: Final = sa.bindparam("now", type_=_C.updated_at.type)
_TRIED: Final = {"last_tried_at": _NOW, "updated_at": _NOW, "version": _C.version + 1}
_FETCHED: Final = {"events": sa.bindparam("new_events", type_=_C.events.type), "notes": sa.bindparam("new_notes", type_=_C.notes.type)}
FETCHED: Final = statement(
    sa.update(calendars)
    .where(here(calendars))
    .values(status="ok", last_error=None, last_fetched_at=_NOW, **_FETCHED, **_TRIED)
    .returning(*SHOWN)
)  # fmt: skip
FAILED: Final = statement(
    sa.update(calendars).where(here(calendars)).values(status="failing", last_error=sa.bindparam("error", type_=sa.Text), **_TRIED).returning(*SHOWN)
)
HOLD: Final = statement(sa.select(_C.version).where(here(calendars), _THEIRS).with_for_update())
# One by one: rows that a foreign key takes along are deleted as the owner, who may not note what that changes.
EMPTY: Final = sql("delete from bookings_external_busy where workspace_id = $1 and calendar_id = $2", "workspace_id", "id")
REMOVE: Final = statement(sa.delete(calendars).where(here(calendars)))
GONE: Final = sql(
    "delete from bookings_external_busy b where b.workspace_id = $1 and b.calendar_id = $2 and not exists ("
    "select from unnest($3::timestamptz[], $4::timestamptz[]) f (starts_at, ends_at) where f.starts_at = b.starts_at and f.ends_at = b.ends_at)",
    "workspace_id", "id", "starts", "ends",
)  # fmt: skip
COME: Final = sql(
    "insert into bookings_external_busy (workspace_id, calendar_id, user_id, starts_at, ends_at)"
    " select $1, $2, $3, f.starts_at, f.ends_at from unnest($4::timestamptz[], $5::timestamptz[]) f (starts_at, ends_at)"
    " on conflict (workspace_id, calendar_id, starts_at) do nothing",
    "workspace_id", "id", "user_id", "starts", "ends",
)  # fmt: skip
SEALED_OTHERWISE: Final = statement(
    sa.select(_C.id, _C.url)
    .where(
        _C.workspace_id == sa.bindparam("workspace_id"), _C.id > sa.bindparam("after"),
        sa.not_(sa.func.starts_with(_C.url, sa.bindparam("prefix", type_=sa.Text))),
    )
    .order_by(_C.id)
    .limit(sa.bindparam("limit", type_=sa.BigInteger))
)  # fmt: skip
# Version and time of the last change stay: what is read has not changed.
SEAL_ANEW: Final = sql(
    "update bookings_calendar set url = $4 where workspace_id = $1 and id = $2 and url = $3", "workspace_id", "id", "before", "url"
)


class Imports:
    """plugins.bookings.ports.imports.Imports on the open transaction."""

    def page(self, user_id: UUID, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_PAGES[after is not None], user_id=user_id, limit=limit, **last_of(after))

    def place(self, user_id: UUID) -> Row | None:
        return ctx.work.one(PLACE, user_id=user_id)

    def begin(self, user_id: UUID) -> None:
        ctx.lock(f"bookings:{user_id}")

    def get(self, id: UUID, user_id: UUID | None) -> Row | None:
        return ctx.work.one(GET, id=id, user_id=user_id)

    def all(self) -> Sequence[UUID]:
        return [row["id"] for row in ctx.work.rows(ALL)]

    def add(self, values: Mapping[str, object]) -> None:
        ctx.work.write(ADD, **values)

    def fetched(self, id: UUID, events: int, notes: Sequence[str], now: datetime) -> Row | None:
        return ctx.work.one(FETCHED, id=id, new_events=events, new_notes=list(notes), now=now)

    def failed(self, id: UUID, error: str, now: datetime) -> Row | None:
        return ctx.work.one(FAILED, id=id, error=error, now=now)

    def replace(self, id: UUID, user_id: UUID, busy: Sequence[Interval]) -> None:
        starts, ends = [each.start for each in busy], [each.end for each in busy]
        ctx.work.write(GONE, id=id, starts=starts, ends=ends)
        ctx.work.write(COME, id=id, user_id=user_id, starts=starts, ends=ends)

    def hold(self, id: UUID, user_id: UUID) -> int | None:
        found = ctx.work.one(HOLD, id=id, user_id=user_id)
        return None if found is None else int(found["version"])

    def remove(self, id: UUID) -> None:
        ctx.work.write(EMPTY, id=id)
        ctx.work.write(REMOVE, id=id)

    def sealed_otherwise(self, prefix: str, after: UUID, limit: int) -> Sequence[Row]:
        return ctx.work.rows(SEALED_OTHERWISE, prefix=prefix, after=after, limit=limit)

    def seal_anew(self, id: UUID, before: str, url: str) -> bool:
        return ctx.work.change(SEAL_ANEW, id=id, before=before, url=url) == 1
