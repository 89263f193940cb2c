"""The platform's tables of API keys. The digest is written here and never read: the app role cannot."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plugins.sdk import Document, Row, ctx, sa, statement, tables
from plugins.workspaces.ports import Key
from plugins.workspaces.repository.conditions import after, bind, unless_changed, version_of

k = tables.api_keys
u = tables.api_key_uses
_HERE = k.c.workspace_id == sa.bindparam("workspace_id")
_THIS = (_HERE, k.c.id == sa.bindparam("id"))
_WRITTEN = (k.c.id, k.c.user_id, k.c.name, k.c.hint, k.c.scopes, k.c.replaces, k.c.expires_at, k.c.created_at)
_KEY = (*_WRITTEN, k.c.rotated_at, k.c.revoked_at, k.c.version, k.c.updated_at, u.c.used_at.label("last_used_at"))
_KEYS = sa.select(*_KEY).select_from(k.outerjoin(u, sa.and_(u.c.workspace_id == k.c.workspace_id, u.c.key_id == k.c.id)))

LIST = statement(_KEYS.where(_HERE, after(k.c.id)).order_by(k.c.id).limit(sa.bindparam("limit")))
READ = statement(_KEYS.where(*_THIS))
ADD = statement(k.insert().values({column.name: sa.bindparam(column.name) for column in (k.c.workspace_id, *_WRITTEN, k.c.digest, k.c.updated_at)}))
_ALIVE = (k.c.revoked_at.is_(None), sa.or_(k.c.expires_at.is_(None), k.c.expires_at > bind("now", k.c.updated_at)))
END_AFTER = statement(
    sa.update(k)
    .where(*_THIS, *_ALIVE, k.c.rotated_at.is_(None), unless_changed(k.c.version))
    .values(expires_at=sa.func.least(k.c.expires_at, bind("until", k.c.updated_at)), rotated_at=bind("now", k.c.updated_at))
    .values(version=k.c.version + 1, updated_at=bind("now", k.c.updated_at))
    .returning(k.c.name, k.c.scopes)
)
_NOW = bind("now", k.c.updated_at)
REVOKE = statement(
    sa.update(k)
    .where(*_THIS, unless_changed(k.c.version))
    .values(revoked_at=sa.func.coalesce(k.c.revoked_at, _NOW), version=k.c.version + 1, updated_at=_NOW)
)
REVOKE_OF = statement(
    sa.update(k)
    .where(_HERE, k.c.user_id == sa.bindparam("of"), k.c.revoked_at.is_(None))
    .values(revoked_at=_NOW, version=k.c.version + 1, updated_at=_NOW)
)


class Keys:
    """plugins.workspaces.ports.Keys on the open transaction."""

    def keys(self, after: str | None, limit: int) -> list[Document]:
        return ctx.work.documents(LIST, after=after, limit=limit)

    def key(self, id: UUID) -> Document | None:
        return ctx.work.document(READ, id=id)

    def add_key(self, key: Key, digest: bytes) -> None:
        ctx.work.write(
            ADD, id=key.id, user_id=key.user_id, name=key.name, hint=key.hint, scopes=list(key.scopes), digest=digest, replaces=key.replaces,
            expires_at=key.expires_at, created_at=key.created_at, updated_at=key.created_at,
        )  # fmt: skip

    def end_key_after(self, id: UUID, expected: int | None, now: datetime, until: datetime) -> Row | None:
        return ctx.work.one(END_AFTER, id=id, expected=version_of(expected), now=now, until=until)

    def revoke_key(self, id: UUID, expected: int | None, now: datetime) -> bool:
        return ctx.work.change(REVOKE, id=id, expected=version_of(expected), now=now) == 1

    def revoke_keys_of(self, user_id: UUID, now: datetime) -> None:
        ctx.work.write(REVOKE_OF, of=user_id, now=now)
