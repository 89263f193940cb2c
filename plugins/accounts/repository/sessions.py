"""Sessions and refresh tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from plugins.accounts.models import refresh_tokens
from plugins.accounts.ports import Presented, Session
from plugins.accounts.repository.people import PERSON, person_of
from plugins.sdk import ctx, sa, statement, tables
from ports.identity import RefreshRecord

users, sessions = tables.users, tables.sessions
_given = sa.bindparam

OPEN = statement(
    sessions.insert().values(
        {
            c.name: _given(c.name)
            for c in (
                sessions.c.id,
                sessions.c.user_id,
                sessions.c.created_at,
                sessions.c.last_used_at,
                sessions.c.authenticated_at,
                sessions.c.expires_at,
            )
        }
    )
)
ADD_TOKEN = statement(refresh_tokens.insert().values({name: _given(name) for name in ("digest", "session_id", "created_at", "expires_at")}))
PRESENTED = statement(
    sa.select(
        *PERSON,
        refresh_tokens.c.session_id,
        refresh_tokens.c.used_at,
        refresh_tokens.c.expires_at.label("token_expires_at"),
        sessions.c.revoked_at,
        sessions.c.authenticated_at,
    )
    .select_from(refresh_tokens.join(sessions, sessions.c.id == refresh_tokens.c.session_id).join(users, users.c.id == sessions.c.user_id))
    .where(refresh_tokens.c.digest == _given("digest"))
    .with_for_update(of=refresh_tokens, key_share=True)
)
USE_TOKEN = statement(refresh_tokens.update().where(refresh_tokens.c.digest == _given("used")).values(used_at=_given("now")))
PROLONG = statement(sessions.update().where(sessions.c.id == _given("session")).values(last_used_at=_given("now"), expires_at=_given("until")))
PROVE = statement(sessions.update().where(sessions.c.id == _given("session")).values(authenticated_at=_given("now")))
REVOKE = statement(sessions.update().where(sessions.c.id == _given("session"), sessions.c.revoked_at.is_(None)).values(revoked_at=_given("now")))


class Sessions:
    """Implements plugins.accounts.ports.Sessions."""

    def open(self, session: Session, digest: bytes) -> None:
        at, until = session.created_at, session.expires_at
        ctx.work.write(OPEN, id=session.id, user_id=session.user_id, created_at=at, last_used_at=at, authenticated_at=at, expires_at=until)
        ctx.work.write(ADD_TOKEN, digest=digest, session_id=session.id, created_at=at, expires_at=until)

    def presented(self, digest: bytes) -> Presented | None:
        row = ctx.work.one(PRESENTED, digest=digest)
        if row is None:
            return None
        return Presented(
            RefreshRecord(row["token_expires_at"], row["used_at"], row["revoked_at"]), row["session_id"], person_of(row), row["authenticated_at"]
        )

    def rotate(self, session_id: UUID, *, used: bytes, successor: bytes, now: datetime, expires_at: datetime) -> None:
        ctx.work.write(USE_TOKEN, used=used, now=now)
        ctx.work.write(ADD_TOKEN, digest=successor, session_id=session_id, created_at=now, expires_at=expires_at)
        ctx.work.write(PROLONG, session=session_id, now=now, until=expires_at)

    def prove(self, session_id: UUID, now: datetime) -> None:
        ctx.work.write(PROVE, session=session_id, now=now)

    def revoke(self, session_id: UUID, now: datetime) -> None:
        ctx.work.write(REVOKE, session=session_id, now=now)
