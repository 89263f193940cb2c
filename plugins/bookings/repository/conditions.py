"""Pieces of statements that every family uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kernel.context import current
from plugins.bookings.models.offered import rooms
from plugins.sdk import ctx, sa, sql, tables

_M = tables.user_roles.c
_R = rooms.c
NOBODY = sa.literal("00000000-0000-0000-0000-000000000000").cast(sa.Uuid)
"""An id that no foreign key accepts: what was named does not exist, or may not be named."""
_SEE_ALL: Final = sql(
    "with before as materialized (select current_setting('app.own') as own) select own, set_config('app.own', '', true) from before"
)
_SEE_OWN: Final = sql("select set_config('app.own', $1, true)", "own")


@contextmanager
def of_everybody() -> Iterator[None]:
    """For statements about all who take part or wait: what becomes of a class becomes of those too whom a collaborator who is limited to their
    own clients does not see."""
    if not current().open_transaction.entered().limited:
        yield
        return
    before = ctx.work.one(_SEE_ALL)
    assert before is not None
    yield
    ctx.work.write(_SEE_OWN, own=before["own"])


def here(table: sa.Table, key: str = "id") -> sa.ColumnElement[bool]:
    """The row of this workspace whose `key` is the parameter `id`."""
    return sa.and_(table.c.workspace_id == sa.bindparam("workspace_id"), table.c[key] == sa.bindparam("id", type_=sa.Uuid))


def as_expected(table: sa.Table) -> sa.ColumnElement[bool]:
    """Of the version expected, when one is."""
    expected = sa.bindparam("expected", type_=sa.BigInteger)
    return sa.or_(expected.is_(None), table.c.version == expected)


def if_named(column: sa.Column[Any], value: sa.ColumnElement[Any] | None = None) -> sa.ColumnElement[Any]:
    """The parameter of the column's name when `named` holds that name, else the column as it is."""
    named = sa.bindparam("named", type_=sa.ARRAY(sa.Text))
    given = sa.bindparam(column.name, type_=column.type) if value is None else value
    return sa.case((sa.literal(column.name) == sa.func.any(named), given), else_=column)


def money(amount: sa.Column[Any], currency: sa.Column[Any], name: str) -> sa.Label[Any]:
    """An amount and its currency as the API shows them."""
    shown = sa.func.json_build_object("amount", amount, "currency", currency)
    return sa.case((amount.is_(None), sa.null()), else_=shown).label(name)


def ids(query: sa.Select[Any]) -> Any:
    """A query's ids as a JSON array."""
    return sa.func.to_json(sa.func.array(query.scalar_subquery()))


def collaborator(parameter: str) -> sa.ColumnElement[Any]:
    """The person named, when they are staff here now; else nobody, whom the foreign key refuses like any unknown id."""
    given = sa.bindparam(parameter, type_=sa.Uuid)
    found = sa.select(_M.user_id).where(
        _M.workspace_id == sa.bindparam("workspace_id"), _M.user_id == given, _M.role != "Cliente", _M.ended_at.is_(None)
    )
    return sa.func.coalesce(found.scalar_subquery(), NOBODY)


def room_in_use() -> sa.ColumnElement[Any]:
    """The room named, when it is not archived; else none, which the foreign key refuses like any unknown id."""
    given = sa.bindparam("room_id", type_=sa.Uuid)
    found = sa.select(_R.id).where(_R.workspace_id == sa.bindparam("workspace_id"), _R.id == given, _R.archived_at.is_(None))
    return sa.case((given.is_not(None), sa.func.coalesce(found.scalar_subquery(), NOBODY)))


def behind(*keys: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Behind the last row of the page before, in ascending order; its values are the parameters `after0`, `after1`, …"""
    last = tuple(sa.bindparam(f"after{n}", type_=key.type) for n, key in enumerate(keys))
    return sa.tuple_(*keys) > sa.tuple_(*last)


def last_of(after: tuple[Any, ...] | None) -> dict[str, object]:
    """The parameters of `behind`."""
    return {f"after{n}": value for n, value in enumerate(after or ())}
