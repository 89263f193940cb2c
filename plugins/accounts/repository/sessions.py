"""Sessions and refresh tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plugins.accounts.models import refresh_tokens
from plugins.accounts.ports import Presented, Session
from plugins.accounts.repository.people import PERSON, person_of
from plugins.sdk import Document, ctx, sa, sql, statement, tables
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
                sessions.c.user_agent,
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

LIVING = sql(
    "select id, user_agent, created_at, last_used_at, expires_at, id is not distinct from $2 as current from sessions"
    " where user_id = $1 and id < $3 and revoked_at is null and expires_at > now() order by id desc limit $4",
    "actor_id", "current", "before", "limit",
)  # fmt: skip
END = sql(
    "update sessions set revoked_at = $3 where user_id = $1 and id = $2 and revoked_at is null and expires_at > now()", "actor_id", "session", "now"
)
END_ALL = sql("update sessions set revoked_at = $3 where user_id = $1 and id is distinct from $2 and revoked_at is null", "of", "but", "now")
# A used token is kept as long as it would have lived, so that it is known when a thief brings it back; what is over stays a while for questions.
SWEEPS = (
    sql(
        "delete from accounts_refresh_token where digest in"
        " (select digest from accounts_refresh_token where expires_at < $1::timestamptz limit 1000 for update skip locked)",
        "now",
    ),
    sql(
        "delete from sessions where id in (select id from sessions where expires_at < $1::timestamptz - interval '7 days'"
        " or (revoked_at < $1::timestamptz - interval '7 days' and expires_at < '9999-01-01') limit 1000 for update skip locked)",
        "now",
    ),
    sql(
        "delete from accounts_token where id in"
        " (select id from accounts_token where expires_at < $1::timestamptz - interval '1 day' limit 1000 for update skip locked)",
        "now",
    ),
    sql(
        "delete from accounts_applicant where id in"
        " (select id from accounts_applicant where expires_at < $1::timestamptz limit 1000 for update skip locked)",
        "now",
    ),
    sql(
        "delete from accounts_attempt where (kind, subject) in"
        " (select kind, subject from accounts_attempt where until < $1::timestamptz limit 1000 for update skip locked)",
        "now",
    ),
)
_NEWEST = UUID(int=2**128 - 1)


class Sessions:
    """Implements plugins.accounts.ports.Sessions."""

    def open(self, session: Session, digest: bytes) -> None:
        at, until = session.created_at, session.expires_at
        ctx.work.write(
            OPEN,
            id=session.id,
            user_id=session.user_id,
            user_agent=session.user_agent,
            created_at=at,
            last_used_at=at,
            authenticated_at=at,
            expires_at=until,
        )
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

    def living(self, current: UUID | None, before: UUID | None, limit: int) -> Sequence[Document]:
        return ctx.work.documents(LIVING, current=current, before=before or _NEWEST, limit=limit)

    def end(self, session_id: UUID, now: datetime) -> bool:
        return ctx.work.change(END, session=session_id, now=now) == 1

    def end_all(self, user_id: UUID, now: datetime, *, but: UUID | None = None) -> None:
        ctx.work.write(END_ALL, of=user_id, but=but, now=now)

    def sweep(self, now: datetime) -> int:
        return sum(ctx.work.change(statement, now=now) for statement in SWEEPS)

    def revoke(self, session_id: UUID, now: datetime) -> None:
        ctx.work.write(REVOKE, session=session_id, now=now)
