"""The platform's table of memberships."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plugins.sdk import Conflict, Document, Fault, Invalid, Role, Row, constraints, ctx, sa, sql, statement, tables
from plugins.workspaces.ports import Member
from plugins.workspaces.repository.conditions import after as after_last
from plugins.workspaces.repository.conditions import bind, optional, unless_changed, version_of

r = tables.user_roles
_HERE = sa.and_(r.c.workspace_id == sa.bindparam("workspace_id"), r.c.ended_at.is_(None))
_MEMBER = (r.c.user_id.label("id"), r.c.full_name, r.c.email, r.c.role, r.c.client_id, r.c.client_scope, r.c.version, r.c.created_at)

constraints["uq_user_roles_client"] = lambda: Conflict("Somebody else is that client already.", code="client_taken")
constraints["fk_user_roles_client_id"] = lambda: Invalid(code="invalid_reference", errors=[Fault("/client_id", "No such client in this workspace.")])

MEMBERS = statement(
    sa.select(*_MEMBER).where(_HERE, optional(r.c.role, "role"), after_last(r.c.user_id)).order_by(r.c.user_id).limit(sa.bindparam("limit"))
)
MEMBER = statement(sa.select(*_MEMBER).where(_HERE, r.c.user_id == sa.bindparam("user_id")))
_other = r.alias()
_present = sa.and_(_other.c.workspace_id == sa.bindparam("workspace_id"), _other.c.ended_at.is_(None))
_owners = sa.select(sa.func.count()).select_from(_other).where(_present, _other.c.role == str(Role.OWNER)).scalar_subquery()
_acting = sa.select(_other.c.role).where(_present, _other.c.user_id == sa.bindparam("actor_id")).scalar_subquery()
STANDING = statement(
    sa.select(r.c.role, r.c.version, r.c.client_scope, r.c.client_id, _owners.label("owners"), _acting.label("acting")).where(
        _HERE, r.c.user_id == sa.bindparam("user_id")
    )
)
_MINE_TO_CHANGE = (_HERE, r.c.user_id == sa.bindparam("user_id"), unless_changed(r.c.version))
SET_ROLE = statement(
    sa.update(r)
    .where(*_MINE_TO_CHANGE)
    .values(role=sa.bindparam("new_role"), client_id=bind("client", r.c.client_id), client_scope=sa.bindparam("scope"))
    .values(version=r.c.version + 1, updated_at=bind("now", r.c.updated_at))
    .returning(*_MEMBER)
)
# The client is let go, so that another person may become it.
END = statement(
    sa.update(r)
    .where(*_MINE_TO_CHANGE)
    .values(ended_at=bind("now", r.c.updated_at), updated_at=bind("now", r.c.updated_at), client_id=None, version=r.c.version + 1)
)
# What they are responsible for is handed over whole; whether they may was asked before.
UNLIMITED = sql("select set_config('app.own', '', true), set_config('app.client_id', '', true)")
ADDRESSEE = statement(
    sa.select(r.c.email, r.c.full_name, r.c.role).where(
        r.c.workspace_id == sa.bindparam("workspace_id"),
        r.c.user_id == sa.bindparam("user_id"),
        r.c.ended_at.is_(None) == sa.bindparam("present", type_=sa.Boolean),
    )
)


class Members:
    """plugins.workspaces.ports.Members on the open transaction."""

    def members(self, role: str | None, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(MEMBERS, role=role, after=after, limit=limit)

    def member(self, user_id: UUID) -> Document | None:
        return ctx.work.document(MEMBER, user_id=user_id)

    def standing(self, user_id: UUID) -> Member | None:
        row = ctx.work.one(STANDING, user_id=user_id)
        return None if row is None else Member(row["role"], row["version"], row["owners"], row["acting"], row["client_scope"], row["client_id"])

    def set_role(self, user_id: UUID, role: str, client_id: UUID | None, client_scope: str, expected: int | None, now: datetime) -> Document | None:
        given = {"user_id": user_id, "new_role": role, "client": client_id, "scope": client_scope}
        return ctx.work.document(SET_ROLE, expected=version_of(expected), now=now, **given)

    def unlimited(self) -> None:
        ctx.work.write(UNLIMITED)

    def hold_actor(self) -> None:
        ctx.hold_actor()

    def addressee(self, user_id: UUID, present: bool) -> Row | None:
        return ctx.work.one(ADDRESSEE, user_id=user_id, present=present)

    def end(self, user_id: UUID, expected: int | None, now: datetime) -> bool:
        return ctx.work.change(END, user_id=user_id, expected=version_of(expected), now=now) == 1
