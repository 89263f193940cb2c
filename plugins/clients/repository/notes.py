"""Notes in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from plugins.clients.models.notes import notes
from plugins.clients.repository.health import KNOWN
from plugins.sdk import Document, Row, ctx, sa, statement, tables

_N: Final = notes.c
_M: Final = tables.user_roles.c
_SHOWN: Final = (_N.id, _N.client_id, _N.author_id, _N.body, _N.visibility, _N.pinned, _N.version, _N.created_at, _N.updated_at)
_CHANGEABLE: Final = ("body", "visibility", "pinned", "removed_at")
_OF_CLIENT: Final = sa.and_(_N.workspace_id == sa.bindparam("workspace_id"), _N.client_id == sa.bindparam("client_id"), _N.removed_at.is_(None))
_ONE: Final = sa.and_(_OF_CLIENT, _N.id == sa.bindparam("note_id"))
_EXPECTED: Final = sa.bindparam("expected", type_=sa.BigInteger)


def _page(after: bool) -> Any:
    visibility = sa.bindparam("visibility", type_=sa.Text)
    query = sa.select(*_SHOWN).where(_OF_CLIENT, sa.or_(visibility.is_(None), _N.visibility == visibility))
    if after:
        last = sa.tuple_(sa.bindparam("after0", type_=sa.Boolean), sa.bindparam("after1", type_=sa.Uuid))
        query = query.where(sa.tuple_(_N.pinned, _N.id) < last)
    return statement(query.order_by(_N.pinned.desc(), _N.id.desc()).limit(sa.bindparam("limit", type_=sa.BigInteger)))


def _if_named(name: str) -> sa.ColumnElement[Any]:
    named = sa.bindparam("named", type_=sa.ARRAY(sa.Text))
    return sa.case((sa.literal(name) == sa.func.any(named), sa.bindparam(name, type_=_N[name].type)), else_=_N[name])


FIRST, NEXT = _page(after=False), _page(after=True)
GET = statement(sa.select(*_SHOWN).where(_ONE))
ADD = statement(sa.insert(notes).values({column.name: sa.bindparam(column.name) for column in _N}))
# As domain.notes.may_change says; here, so that nothing comes between asking and changing.
_OWNER: Final = sa.exists().where(
    _M.workspace_id == sa.bindparam("workspace_id"), _M.user_id == sa.bindparam("actor_id"), _M.role == "Owner", _M.ended_at.is_(None)
)
_A: Final = tables.user_roles.alias("author").c
_HERE: Final = sa.exists().where(_A.workspace_id == _N.workspace_id, _A.user_id == _N.author_id, _A.role != "Cliente", _A.ended_at.is_(None))
_MAY: Final = sa.or_(_N.author_id == sa.bindparam("actor_id"), sa.and_(_OWNER, sa.or_(_N.visibility == "shared", sa.not_(_HERE))))
CHANGE = statement(
    sa.update(notes)
    .where(_ONE, _MAY, sa.or_(_EXPECTED.is_(None), _N.version == _EXPECTED))
    .values({name: _if_named(name) for name in _CHANGEABLE} | {"version": _N.version + 1, "updated_at": sa.bindparam("updated_at")})
    .returning(*_SHOWN)
)
_GONE: Final = sa.or_(_M.ended_at.is_not(None), _M.role == "Cliente").label("gone")
AUTHOR = statement(sa.select(_M.full_name, _GONE).where(_M.workspace_id == sa.bindparam("workspace_id"), _M.user_id == sa.bindparam("user_id")))


class Notes:
    """plugins.clients.ports.notes.Notes on the open transaction."""

    def known(self, client_id: UUID) -> Row | None:
        return ctx.work.one(KNOWN, client_id=client_id)

    def page(self, client_id: UUID, visibility: str | None, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        last = {f"after{n}": value for n, value in enumerate(after or ())}
        return ctx.work.documents(NEXT if after else FIRST, client_id=client_id, visibility=visibility, limit=limit, **last)

    def get(self, client_id: UUID, id: UUID) -> Document | None:
        return ctx.work.document(GET, client_id=client_id, note_id=id)

    def add(self, note: Mapping[str, object]) -> None:
        ctx.work.write(ADD, **note)

    def change(self, client_id: UUID, id: UUID, named: Collection[str], values: Mapping[str, object], expected: int | None) -> Document | None:
        given = {name: values.get(name) for name in _CHANGEABLE}
        return ctx.work.document(
            CHANGE, client_id=client_id, note_id=id, named=list(named), expected=expected, updated_at=values["updated_at"], **given
        )

    def author(self, user_id: UUID) -> Row:
        return ctx.work.one(AUTHOR, user_id=user_id) or {"full_name": "", "gone": True}
