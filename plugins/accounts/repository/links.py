"""One-use tokens of mails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plugins.accounts.domain import Addressee, Door, Link
from plugins.sdk import Row, ctx, sql

_LINK = "t.id, t.purpose, t.email, t.user_id, t.previous_email, t.created_at, t.expires_at, t.session_id"
# Whoever the link is for still has the address it went to, or for a change of address, the one it replaces; and the session that asked lives.
_LIVES = "not exists (select from sessions s where s.id = t.session_id and s.revoked_at is not null)"
_OPEN = (
    " from accounts_token t join users u on u.id = t.user_id and u.email = coalesce(t.previous_email, t.email)"
    f" where t.digest = $1 and t.purpose = any($2::text[]) and t.used_at is null and t.expires_at > $3::timestamptz and {_LIVES}"
)

HAND_OUT = sql(
    "insert into accounts_token (id, digest, purpose, email, user_id, previous_email, created_at, expires_at, session_id)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    "id", "digest", "purpose", "email", "user_id", "previous_email", "created_at", "expires_at", "session_id",
)  # fmt: skip
BIND = sql(
    "update accounts_token t set user_id = u.id from users u where t.id = $1 and t.used_at is null and t.expires_at > now()"
    f" and u.email = coalesce(t.previous_email, t.email) and (t.user_id is null or t.user_id = u.id) and {_LIVES}"
    " returning t.email, u.full_name, u.locale",
    "link",
)
USABLE = sql("select 1 as yes" + _OPEN, "digest", "purposes", "now")
# The person first, so that of two who open and close doors one waits.
USE = sql(
    f"with who as (select u.id{_OPEN} for no key update of u)"
    f" update accounts_token t set used_at = $3 from who where t.digest = $1 and t.user_id = who.id and t.used_at is null returning {_LINK}",
    "digest", "purposes", "now",
)  # fmt: skip
VOID = sql(
    "with who as (select u.id, u.email from users u where u.id = $1 for no key update)"
    " update accounts_token t set used_at = $2 from who"
    " where t.used_at is null and (t.user_id = who.id or (t.user_id is null and t.email = who.email))",
    "of", "now",
)  # fmt: skip
READ = sql("select " + _LINK + ", u.full_name, u.locale from accounts_token t join users u on u.id = t.user_id where t.id = $1", "link")


class Links:
    """Implements plugins.accounts.ports.Links."""

    def hand_out(self, link: Link, digest: bytes) -> None:
        ctx.work.write(
            HAND_OUT, id=link.id, digest=digest, purpose=link.door, email=link.email, user_id=link.user_id,
            previous_email=link.previous_email, created_at=link.created_at, expires_at=link.expires_at, session_id=link.session_id,
        )  # fmt: skip

    def bind(self, link_id: UUID) -> Addressee | None:
        row = ctx.work.one(BIND, link=link_id)
        return None if row is None else Addressee(row["email"], row["full_name"], row["locale"])

    def usable(self, digest: bytes, doors: Sequence[Door], now: datetime) -> bool:
        return ctx.work.one(USABLE, digest=digest, purposes=list(doors), now=now) is not None

    def use(self, digest: bytes, doors: Sequence[Door], now: datetime) -> Link | None:
        row = ctx.work.one(USE, digest=digest, purposes=list(doors), now=now)
        return None if row is None else _link(row)

    def void(self, user_id: UUID, now: datetime) -> None:
        ctx.work.write(VOID, of=user_id, now=now)

    def sent_link(self, link_id: UUID) -> tuple[Link, Addressee] | None:
        row = ctx.work.one(READ, link=link_id)
        return None if row is None else (_link(row), Addressee(row["email"], row["full_name"], row["locale"]))


def _link(row: Row) -> Link:
    times = row["created_at"], row["expires_at"]
    return Link(row["id"], Door(row["purpose"]), row["email"], row["user_id"], row["previous_email"], *times, row["session_id"])
