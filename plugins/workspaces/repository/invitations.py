"""Invitations to join, as those who send them and those who hold their link see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from plugins.sdk import Document, Fault, Invalid, Role, Row, constraints, ctx, sa, sql, statement, tables
from plugins.workspaces.domain.members import ALL
from plugins.workspaces.models.invitations import invitations
from plugins.workspaces.repository.conditions import after as after_last
from plugins.workspaces.repository.conditions import bind, optional, unless_changed, version_of
from plugins.workspaces.repository.keys import REVOKE_OF as END_KEYS
from plugins.workspaces.service.invitations import already_invited

i = invitations
r = tables.user_roles
w = tables.workspaces
_HERE = i.c.workspace_id == sa.bindparam("workspace_id")
_OPEN = sa.and_(i.c.accepted_at.is_(None), i.c.revoked_at.is_(None))
_STATUS = sa.case(
    (i.c.accepted_at.is_not(None), "accepted"),
    (i.c.revoked_at.is_not(None), "revoked"),
    (i.c.expires_at <= bind("now", i.c.expires_at), "expired"),
    else_="pending",
)
_SHOWN = (
    i.c.id, i.c.email, i.c.full_name, i.c.role, i.c.client_id, i.c.client_scope, _STATUS.label("status"), i.c.invited_by, i.c.expires_at,
    i.c.accepted_at, i.c.version, i.c.created_at, i.c.updated_at,
)  # fmt: skip
_EDITED = ("full_name", "role", "client_id", "client_scope")

constraints["uq_workspaces_invitation_open"] = already_invited
constraints["fk_workspaces_invitation_client_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/client_id", "No such client in this workspace.")]
)


def _of(sender: str = "sender") -> sa.ColumnElement[bool]:
    return optional(i.c.invited_by, sender)


INVITATIONS = statement(
    sa.select(*_SHOWN)
    .where(_HERE, _of(), sa.or_(bind("status", i.c.role).is_(None), sa.bindparam("status") == _STATUS), after_last(i.c.id))
    .order_by(i.c.id)
    .limit(sa.bindparam("limit"))
)
INVITATION = statement(sa.select(*_SHOWN).where(_HERE, _of(), i.c.id == sa.bindparam("id")))
HOLD = statement(
    sa.select(i.c.id, i.c.email, *(i.c[name] for name in _EDITED), i.c.mailing, i.c.version, i.c.accepted_at, i.c.revoked_at, i.c.expires_at)
    .where(_HERE, _of(), i.c.id == sa.bindparam("id"))
    .with_for_update(key_share=True)
)
INVITE = statement(
    sa.insert(i).values(
        {
            c.name: sa.bindparam(c.name)
            for c in i.c
            if c.name not in ("mailing", "version", "accepted_at", "accepted_by", "revoked_at", "created_at", "updated_at")
        }
        | {"version": 1, "created_at": sa.bindparam("now"), "updated_at": sa.bindparam("now")}
    )
)
EDIT = statement(
    sa.update(i)
    .where(_HERE, _OPEN, i.c.id == sa.bindparam("of"), unless_changed(i.c.version))
    .values({i.c[name]: bind(f"new_{name}", i.c[name]) for name in _EDITED})
    .values(invited_by=sa.bindparam("actor_id"), version=i.c.version + 1, updated_at=bind("now", i.c.updated_at))
    .returning(*_SHOWN)
)
SEND_AGAIN = statement(
    sa.update(i)
    .where(_HERE, _OPEN, i.c.id == sa.bindparam("of"))
    .values(digest=bind("new_digest", i.c.digest), mailing=i.c.mailing + 1, expires_at=bind("until", i.c.expires_at))
    .values(invited_by=sa.bindparam("actor_id"), version=i.c.version + 1, updated_at=bind("now", i.c.updated_at))
    .returning(*_SHOWN)
)
_REVOKED = {"revoked_at": bind("now", i.c.updated_at), "updated_at": bind("now", i.c.updated_at), "version": i.c.version + 1}
REVOKE = statement(sa.update(i).where(_HERE, _OPEN, i.c.id == sa.bindparam("of")).values(_REVOKED))
LAPSE = statement(sa.update(i).where(_HERE, _OPEN, i.c.email == sa.bindparam("address"), i.c.expires_at <= sa.bindparam("now")).values(_REVOKED))
REVOKE_OF = statement(
    sa.update(i)
    .where(
        _HERE,
        _OPEN,
        i.c.invited_by == sa.bindparam("inviter"),
        sa.or_(
            i.c.role == sa.func.any(sa.bindparam("roles", type_=sa.ARRAY(sa.Text))),
            sa.and_(sa.bindparam("unlimited", type_=sa.Boolean), i.c.role == str(Role.COLABORADOR), i.c.client_scope == ALL),
        ),
    )
    .values(_REVOKED)
)
IS_MEMBER = statement(
    sa.select(r.c.user_id).where(r.c.workspace_id == sa.bindparam("workspace_id"), r.c.email == sa.bindparam("address"), r.c.ended_at.is_(None))
)
IS_INVITED = statement(sa.select(i.c.id).where(_HERE, _OPEN, i.c.email == sa.bindparam("address"), i.c.expires_at > sa.bindparam("now")))
LETTER = statement(
    sa.select(i.c.email, i.c.full_name, i.c.role, r.c.full_name.label("inviter"))
    .join(r, sa.and_(r.c.workspace_id == i.c.workspace_id, r.c.user_id == i.c.invited_by))
    .where(_HERE, _OPEN, i.c.id == sa.bindparam("id"), i.c.mailing == sa.bindparam("mailing"), i.c.expires_at > sa.bindparam("now"))
)

_OFFER = (
    "select i.id, i.email, i.full_name, i.role, i.client_id, i.client_scope, i.invited_by, i.expires_at, i.accepted_at, i.revoked_at,"
    " w.id as workspace_id,"
    " w.name as workspace, app.email() as own_email from workspaces_invitation i join workspaces w on w.id = i.workspace_id"
    " where i.workspace_id = $1 and i.digest = $2::bytea"
)
OFFER = sql(_OFFER, "workspace_id", "digest")
TAKE = sql(f"{_OFFER} for no key update of i", "workspace_id", "digest", locks=True)
# Somebody who was a member before is the same member again, and nothing they handed out then opens anything; of somebody who is one now
# nothing changes.
JOIN = sql(
    "insert into user_roles as r (workspace_id, user_id, role, client_id, client_scope, full_name, email, created_at, updated_at)"
    " values ($1, $2, $3, $4, $5, app.full_name(), app.email(), $6, $6)"
    " on conflict on constraint pk_user_roles do update set role = excluded.role, client_id = excluded.client_id,"
    " client_scope = excluded.client_scope, full_name = excluded.full_name, email = excluded.email, ended_at = null,"
    " trusted_from = excluded.created_at, created_at = excluded.created_at, updated_at = excluded.updated_at, version = r.version + 1"
    " where r.ended_at is not null returning user_id",
    "workspace_id", "actor_id", "role", "client_id", "client_scope", "now",
)  # fmt: skip
ACCEPTED = sql(
    "update workspaces_invitation set accepted_at = $3, accepted_by = $4, updated_at = $3, version = version + 1 where workspace_id = $1 and id = $2",
    "workspace_id", "id", "now", "actor_id",
)  # fmt: skip


# As the gate lets a member in; whoever is none of the staff sees as little as the bearer. A step before it, so that it sees memberships itself.
SEE_MEMBERS = sql("select set_config('app.client_id', '', true)")
SEE_AS = sql(
    "select set_config('app.own', coalesce(max(case when r.client_scope = 'own' then r.user_id::text end), ''), true),"
    " set_config('app.client_id', case when count(*) = 0 then '00000000-0000-0000-0000-000000000000' else '' end, true)"
    " from user_roles r where r.workspace_id = $1 and r.user_id = $2 and r.ended_at is null and r.role <> 'Cliente'",
    "workspace_id", "member",
)  # fmt: skip
SEE_AS_BEARER = sql("select set_config('app.own', '', true), set_config('app.client_id', '00000000-0000-0000-0000-000000000000', true)")


class Invitations:
    """plugins.workspaces.ports.Invitations on the open transaction."""

    def invitations(self, status: str | None, sender: UUID | None, now: datetime, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(INVITATIONS, status=status, sender=sender, now=now, after=after, limit=limit)

    def invitation(self, id: UUID, sender: UUID | None, now: datetime) -> Document | None:
        return ctx.work.document(INVITATION, id=id, sender=sender, now=now)

    def hold_invitation(self, id: UUID, sender: UUID | None) -> Row | None:
        return ctx.work.one(HOLD, id=id, sender=sender)

    def invite(self, invitation: Mapping[str, Any], now: datetime) -> None:
        ctx.work.write(LAPSE, address=invitation["email"], now=now)
        ctx.work.write(INVITE, now=now, **invitation)

    def edit_invitation(self, id: UUID, values: Mapping[str, Any], expected: int | None, now: datetime) -> Document | None:
        given = {f"new_{name}": values[name] for name in _EDITED}
        return ctx.work.document(EDIT, of=id, expected=version_of(expected), now=now, **given)

    def send_again(self, id: UUID, digest: bytes, until: datetime, now: datetime) -> Document | None:
        return ctx.work.document(SEND_AGAIN, of=id, new_digest=digest, until=until, now=now)

    def revoke_invitation(self, id: UUID, now: datetime) -> None:
        ctx.work.write(REVOKE, of=id, now=now)

    def revoke_invitations_of(self, user_id: UUID, roles: list[str], now: datetime, *, unlimited: bool = False) -> None:
        ctx.work.write(REVOKE_OF, inviter=user_id, roles=roles, unlimited=unlimited, now=now)

    def is_member(self, email: str) -> bool:
        return ctx.work.one(IS_MEMBER, address=email) is not None

    def is_invited(self, email: str, now: datetime) -> bool:
        return ctx.work.one(IS_INVITED, address=email, now=now) is not None

    def invitation_letter(self, id: UUID, mailing: int, now: datetime) -> Row | None:
        return ctx.work.one(LETTER, id=id, mailing=mailing, now=now)

    def offer(self, workspace_id: UUID, digest: bytes, *, take: bool) -> Row | None:
        ctx.work.bear(workspace_id, digest)
        return ctx.work.one(TAKE if take else OFFER, digest=digest)

    @contextmanager
    def seeing_as(self, user_id: UUID) -> Iterator[None]:
        ctx.work.write(SEE_MEMBERS)
        ctx.work.write(SEE_AS, member=user_id)
        yield
        ctx.work.write(SEE_AS_BEARER)

    def join(self, offer: Row, now: datetime) -> bool:
        given = {name: offer[name] for name in ("role", "client_id", "client_scope")}
        if ctx.work.one(JOIN, now=now, **given) is None:
            return False
        # Their keys ended with them; were one left, it would be let in again.
        ctx.work.write(SEE_MEMBERS)
        ctx.work.write(END_KEYS, of=ctx.user_id, now=now)
        ctx.work.write(SEE_AS_BEARER)
        ctx.work.write(ACCEPTED, id=offer["id"], now=now)
        return True
