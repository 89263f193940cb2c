"""The platform's tables of workspaces, memberships and modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from plugins.sdk import Conflict, Document, Role, constraints, ctx, sa, sql, statement, tables
from plugins.workspaces.ports import Installed, Member

w = tables.workspaces
r = tables.user_roles
m = tables.workspace_modules
_THIS = w.c.id == sa.bindparam("workspace_id")
_HERE = sa.and_(r.c.workspace_id == sa.bindparam("workspace_id"), r.c.ended_at.is_(None))
_PROFILE = (w.c.name, w.c.timezone, w.c.currency, w.c.locale, w.c.week_start)
_WORKSPACE = (w.c.id, *_PROFILE, w.c.modules, w.c.version, w.c.created_at, w.c.updated_at)
_MEMBER = (r.c.user_id.label("id"), r.c.full_name, r.c.email, r.c.role, r.c.client_id, r.c.version, r.c.created_at)

constraints["uq_user_roles_client"] = lambda: Conflict("Somebody else is that client already.", code="client_taken")


def _bind(name: str, like: sa.Column[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=like.type)


def _unless_changed(version: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """True without an expected version (NULL), else only for that one."""
    expected = _bind("expected", version)
    return sa.or_(expected.is_(None), version == expected)


def _optional(column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    wanted = _bind(name, column)
    return sa.or_(wanted.is_(None), column == wanted)


def _after(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    last = _bind("after", column)
    return sa.or_(last.is_(None), column > last)


FOUND = sql(
    "select app.found_workspace($1, $2, $3, $4, $5, $6::smallint, $7::text[])",
    "id", "name", "timezone", "currency", "locale", "week_start", "modules",
)  # fmt: skip
FOUNDED = statement(sa.select(*_WORKSPACE).where(w.c.id == sa.bindparam("id")))
MINE = sql(
    "select id, name, role, client_id, created_at from app.my_workspaces()"
    " where $1::uuid is null or id > $1::uuid order by id limit $2::int",
    "after", "limit",
)  # fmt: skip
READ = statement(sa.select(*_WORKSPACE).where(_THIS))
CHANGE = statement(
    sa.update(w)
    .where(_THIS, _unless_changed(w.c.version))
    .values(
        {column: sa.func.coalesce(_bind(column.name, column), column) for column in _PROFILE}
        | {w.c.version: w.c.version + 1, w.c.updated_at: _bind("now", w.c.updated_at)}
    )
    .returning(*_WORKSPACE)
)
LOCK = statement(sa.select(w.c.id).where(_THIS).with_for_update(key_share=True))

MEMBERS = statement(
    sa.select(*_MEMBER).where(_HERE, _optional(r.c.role, "role"), _after(r.c.user_id)).order_by(r.c.user_id).limit(sa.bindparam("limit"))
)
MEMBER = statement(sa.select(*_MEMBER).where(_HERE, r.c.user_id == sa.bindparam("user_id")))
_other = r.alias()
_present = sa.and_(_other.c.workspace_id == sa.bindparam("workspace_id"), _other.c.ended_at.is_(None))
_owners = sa.select(sa.func.count()).select_from(_other).where(_present, _other.c.role == str(Role.OWNER)).scalar_subquery()
_acting = sa.select(_other.c.role).where(_present, _other.c.user_id == sa.bindparam("actor_id")).scalar_subquery()
STANDING = statement(sa.select(r.c.role, _owners.label("owners"), _acting.label("acting")).where(_HERE, r.c.user_id == sa.bindparam("user_id")))
_MINE_TO_CHANGE = (_HERE, r.c.user_id == sa.bindparam("user_id"), _unless_changed(r.c.version))
SET_ROLE = statement(
    sa.update(r)
    .where(*_MINE_TO_CHANGE)
    .values(role=sa.bindparam("new_role"), client_id=_bind("client", r.c.client_id))
    .values(version=r.c.version + 1, updated_at=_bind("now", r.c.updated_at))
    .returning(*_MEMBER)
)
# The client is let go, so that another person may become it.
END = statement(
    sa.update(r)
    .where(*_MINE_TO_CHANGE)
    .values(ended_at=_bind("now", r.c.updated_at), updated_at=_bind("now", r.c.updated_at), client_id=None, version=r.c.version + 1)
)

_settings = sa.select(sa.func.jsonb_object_agg(m.c.module, m.c.settings)).where(m.c.workspace_id == sa.bindparam("workspace_id")).scalar_subquery()
INSTALLED = statement(sa.select(w.c.version, w.c.modules, _settings.label("settings")).where(_THIS))
SWITCH = statement(
    sa.update(w).where(_THIS).values(modules=_bind("modules", w.c.modules), version=w.c.version + 1, updated_at=_bind("now", w.c.updated_at))
)
CONFIGURE = sql(
    "insert into workspace_modules (workspace_id, module, settings, changed_at, changed_by) values ($1, $2, $3::jsonb, $4, $5)"
    " on conflict on constraint pk_workspace_modules do update set settings = excluded.settings, changed_at = excluded.changed_at,"
    " changed_by = excluded.changed_by, version = workspace_modules.version + 1",
    "workspace_id", "module", "settings", "now", "actor_id",
    json=("settings",),
)  # fmt: skip


class Repository:
    """plugins.workspaces.ports.Store on the open transaction."""

    def found(self, id: UUID, modules: Sequence[str], **profile: object) -> Document:
        ctx.work.write(FOUND, id=id, modules=list(modules), **profile)
        founded = ctx.work.document(FOUNDED, id=id)
        assert founded is not None
        return founded

    def mine(self, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(MINE, after=after, limit=limit)

    def workspace(self) -> Document | None:
        return ctx.work.document(READ)

    def change(self, expected: int | None, now: datetime, **profile: object) -> Document | None:
        given = {column.name: profile.get(column.name) for column in _PROFILE}
        return ctx.work.document(CHANGE, expected=_version(expected), now=now, **given)

    def lock(self) -> None:
        ctx.work.write(LOCK)

    def members(self, role: str | None, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(MEMBERS, role=role, after=after, limit=limit)

    def member(self, user_id: UUID) -> Document | None:
        return ctx.work.document(MEMBER, user_id=user_id)

    def standing(self, user_id: UUID) -> Member | None:
        row = ctx.work.one(STANDING, user_id=user_id)
        return None if row is None else Member(row["role"], row["owners"], row["acting"])

    def set_role(self, user_id: UUID, role: str, client_id: UUID | None, expected: int | None, now: datetime) -> Document | None:
        return ctx.work.document(SET_ROLE, user_id=user_id, new_role=role, client=client_id, expected=_version(expected), now=now)

    def end(self, user_id: UUID, expected: int | None, now: datetime) -> bool:
        return ctx.work.change(END, user_id=user_id, expected=_version(expected), now=now) == 1

    def installed(self) -> Installed:
        row = ctx.work.one(INSTALLED)
        assert row is not None
        return Installed(row["version"], row["modules"], row["settings"] or {})

    def switch(self, modules: Sequence[str], now: datetime) -> None:
        ctx.work.write(SWITCH, modules=list(modules), now=now)

    def configure(self, module: str, settings: Mapping[str, Any], now: datetime) -> None:
        ctx.work.write(CONFIGURE, module=module, settings=settings, now=now)


def _version(expected: int | None) -> int | None:
    """`If-Match: *` (-1) asks for any version of a row that exists."""
    return None if expected == -1 else expected
