"""Schedules and time off in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from plugins.bookings.models.offered import schedules, time_off
from plugins.bookings.repository.conditions import as_expected, behind, here, last_of
from plugins.sdk import Document, Fault, Invalid, Row, constraints, ctx, sa, sql, statement, tables

_S: Final = schedules.c
_O: Final = time_off.c
_M: Final = tables.user_roles.c

constraints["fk_bookings_time_off_user_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/user_id", "No such Owner or Colaborador in this workspace.")]
)
constraints["fk_bookings_time_off_room_id"] = lambda: Invalid(code="invalid_reference", errors=[Fault("/room_id", "No such room in this workspace.")])

_SHOWN: Final = (_S.user_id, _S.timezone, _S.weekly, _S.overrides, _S.version, _S.created_at, _S.updated_at)
SCHEDULE: Final = statement(sa.select(*_SHOWN).where(here(schedules, "user_id")))
KNOWN: Final = statement(
    sa.select(_M.user_id).where(
        _M.workspace_id == sa.bindparam("workspace_id"), _M.user_id == sa.bindparam("id"), _M.role != "Cliente", _M.ended_at.is_(None)
    )
)
PUT: Final = sql(
    "insert into bookings_schedule as s (workspace_id, user_id, timezone, weekly, overrides, created_at, updated_at)"
    " select $1, $2, $3, $4::jsonb, $5::jsonb, $6, $6 where $7::bigint is null or $7 = 0"
    " or exists (select from bookings_schedule where workspace_id = $1 and user_id = $2)"
    " on conflict (workspace_id, user_id) do update set timezone = excluded.timezone, weekly = excluded.weekly, overrides = excluded.overrides,"
    " updated_at = excluded.updated_at, version = s.version + 1 where $7::bigint is null or s.version = $7"
    " returning user_id, timezone, weekly, overrides, version, created_at, updated_at",
    "workspace_id", "id", "timezone", "weekly", "overrides", "now", "expected", json=("weekly", "overrides"),
)  # fmt: skip

_OFF: Final = (_O.id, _O.user_id, _O.room_id, _O.starts_at, _O.ends_at, _O.reason, _O.version, _O.created_at, _O.updated_at)
ONE_OFF: Final = statement(sa.select(*_OFF).where(here(time_off)))
ADD_OFF: Final = statement(sa.insert(time_off).values({column.name: sa.bindparam(column.name) for column in _O}))
_SET: Final = ("user_id", "room_id", "starts_at", "ends_at", "reason", "updated_at")
CHANGE_OFF: Final = statement(
    sa.update(time_off)
    .where(here(time_off), as_expected(time_off))
    .values({name: sa.bindparam(name, type_=_O[name].type) for name in _SET} | {"version": _O.version + 1})
    .returning(*_OFF)
)
REMOVE_OFF: Final = statement(sa.delete(time_off).where(here(time_off), as_expected(time_off)))


@cache
def _listing(by_user: bool, by_room: bool, since: bool, after: bool) -> Any:
    query = sa.select(*_OFF).where(_O.workspace_id == sa.bindparam("workspace_id"))
    if by_user:
        query = query.where(_O.user_id == sa.bindparam("user_id"))
    if by_room:
        query = query.where(_O.room_id == sa.bindparam("room_id"))
    if since:
        query = query.where(_O.ends_at > sa.bindparam("since"))
    if after:
        query = query.where(behind(_O.starts_at, _O.id))
    return statement(query.order_by(_O.starts_at, _O.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))


class Schedules:
    """plugins.bookings.ports.schedules.Schedules on the open transaction."""

    def schedule(self, user_id: UUID) -> Row | None:
        return ctx.work.one(SCHEDULE, id=user_id)

    def known(self, user_id: UUID) -> bool:
        return ctx.work.one(KNOWN, id=user_id) is not None

    def put(self, user_id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None:
        return ctx.work.one(PUT, id=user_id, expected=expected, **values)

    def time_off(
        self, user_id: UUID | None, room_id: UUID | None, since: datetime | None, limit: int, after: tuple[Any, ...] | None
    ) -> list[Document]:
        asked = _listing(user_id is not None, room_id is not None, since is not None, after is not None)
        return ctx.work.documents(asked, user_id=user_id, room_id=room_id, since=since, limit=limit, **last_of(after))

    def one_off(self, id: UUID) -> Row | None:
        return ctx.work.one(ONE_OFF, id=id)

    def add_off(self, values: Mapping[str, object]) -> None:
        ctx.work.write(ADD_OFF, **values)

    def change_off(self, id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None:
        return ctx.work.one(CHANGE_OFF, id=id, expected=expected, **values)

    def remove_off(self, id: UUID, expected: int | None) -> bool:
        return ctx.work.change(REMOVE_OFF, id=id, expected=expected) == 1
