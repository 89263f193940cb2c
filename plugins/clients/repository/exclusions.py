"""Exclusions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from plugins.clients.models.notes import exclusions
from plugins.clients.repository.health import KNOWN
from plugins.sdk import Row, ctx, sa, statement

_E: Final = exclusions.c
_SHOWN: Final = (
    _E.id, _E.client_id, _E.kind, _E.starts_on, _E.ends_on, _E.reason, _E.expected_adherence, _E.version, _E.created_at, _E.updated_at,
)  # fmt: skip
_OF_CLIENT: Final = sa.and_(_E.workspace_id == sa.bindparam("workspace_id"), _E.client_id == sa.bindparam("client_id"), _E.removed_at.is_(None))
_ONE: Final = sa.and_(_OF_CLIENT, _E.id == sa.bindparam("exclusion_id"))
_EXPECTED: Final = sa.bindparam("expected", type_=sa.BigInteger)
_AT_VERSION: Final = sa.or_(_EXPECTED.is_(None), _E.version == _EXPECTED)


def _covers(day: sa.BindParameter[date]) -> sa.ColumnElement[bool]:
    return sa.and_(_E.starts_on <= day, sa.or_(_E.ends_on.is_(None), _E.ends_on >= day))


def _page(after: bool) -> Any:
    on = sa.bindparam("on", type_=sa.Date)
    query = sa.select(*_SHOWN).where(_OF_CLIENT, sa.or_(on.is_(None), _covers(on)))
    if after:
        last = sa.tuple_(sa.bindparam("after0", type_=sa.Date), sa.bindparam("after1", type_=sa.Uuid))
        query = query.where(sa.tuple_(_E.starts_on, _E.id) < last)
    return statement(query.order_by(_E.starts_on.desc(), _E.id.desc()).limit(sa.bindparam("limit", type_=sa.BigInteger)))


FIRST, NEXT = _page(after=False), _page(after=True)
GET = statement(sa.select(*_SHOWN).where(_ONE))
ADD = statement(sa.insert(exclusions).values({column.name: sa.bindparam(column.name) for column in _E}))
_SET = ("kind", "starts_on", "ends_on", "reason", "expected_adherence", "updated_at")
REPLACE = statement(
    sa.update(exclusions)
    .where(_ONE, _AT_VERSION)
    .values({name: sa.bindparam(name, type_=_E[name].type) for name in _SET} | {"version": _E.version + 1})
    .returning(*_SHOWN)
)
REMOVE = statement(
    sa.update(exclusions).where(_ONE, _AT_VERSION).values(removed_at=sa.bindparam("now"), version=_E.version + 1, updated_at=sa.bindparam("now"))
)
LEAST = statement(sa.select(sa.func.min(_E.expected_adherence).label("least")).where(_OF_CLIENT, _covers(sa.bindparam("day", type_=sa.Date))))


class Exclusions:
    """plugins.clients.ports.exclusions.Exclusions on the open transaction."""

    def known(self, client_id: UUID) -> Row | None:
        return ctx.work.one(KNOWN, client_id=client_id)

    def page(self, client_id: UUID, on: date | None, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        last = {f"after{n}": value for n, value in enumerate(after or ())}
        return ctx.work.rows(NEXT if after else FIRST, client_id=client_id, on=on, limit=limit, **last)

    def get(self, client_id: UUID, id: UUID) -> Row | None:
        return ctx.work.one(GET, client_id=client_id, exclusion_id=id)

    def add(self, exclusion: Mapping[str, object]) -> None:
        ctx.work.write(ADD, **exclusion)

    def replace(self, client_id: UUID, id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None:
        return ctx.work.one(REPLACE, client_id=client_id, exclusion_id=id, expected=expected, **values)

    def remove(self, client_id: UUID, id: UUID, now: datetime, expected: int | None) -> bool:
        return ctx.work.change(REMOVE, client_id=client_id, exclusion_id=id, now=now, expected=expected) == 1

    def least(self, client_id: UUID, day: date) -> int | None:
        found = ctx.work.one(LEAST, client_id=client_id, day=day)
        return None if found is None else found["least"]
