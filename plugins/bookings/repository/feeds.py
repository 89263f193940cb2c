"""Feeds in PostgreSQL. Whoever holds an address sees by row-level security what it opens, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.intervals import Interval
from plugins.bookings.models.calendars import feeds
from plugins.bookings.repository.conditions import behind, here, last_of
from plugins.sdk import Conflict, Row, constraints, ctx, sa, sql, statement

_F: Final = feeds.c

constraints["uq_bookings_feed_live"] = lambda: Conflict(
    "You have such a feed already: regenerate its address if you lost it, or revoke it.", code="feed_exists"
)

SHOWN: Final = (_F.id, _F.mode, _F.last_used_at, _F.version, _F.created_at, _F.updated_at)
_OWN: Final = sa.and_(_F.user_id == sa.bindparam("user_id"), _F.revoked_at.is_(None))


def _page(after: bool) -> Any:
    query = sa.select(*SHOWN).where(_F.workspace_id == sa.bindparam("workspace_id"), _OWN)
    if after:
        query = query.where(behind(_F.id))
    return statement(query.order_by(_F.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))


_PAGES: Final = {after: _page(after) for after in (False, True)}
ADD: Final = statement(sa.insert(feeds).values({column.name: sa.bindparam(column.name) for column in _F}))
LOCK: Final = statement(sa.select(*SHOWN, _F.issue).where(here(feeds), _OWN).with_for_update(key_share=True))
_CHANGED: Final = {"version": _F.version + 1, "updated_at": sa.bindparam("now", type_=_F.updated_at.type)}
REISSUE: Final = statement(
    sa.update(feeds)
    .where(here(feeds))
    .values(digest=sa.bindparam("new_digest", type_=_F.digest.type), issue=_F.issue + 1, last_used_at=None, **_CHANGED)
    .returning(*SHOWN)
)
REVOKE: Final = statement(sa.update(feeds).where(here(feeds)).values(revoked_at=sa.bindparam("now", type_=_F.updated_at.type), **_CHANGED))
# Of an address given out while its owner was trusted: only another address moves `updated_at`.
OPENED: Final = sql(
    "select f.id, f.user_id, f.mode, r.role, w.name, w.locale, 'bookings' = any (w.modules) as served from bookings_feed f"
    " join user_roles r on r.workspace_id = f.workspace_id and r.user_id = f.user_id and r.ended_at is null"
    " and (r.trusted_from is null or f.updated_at >= r.trusted_from)"
    " join workspaces w on w.id = f.workspace_id where f.workspace_id = $1 and f.digest = $2::bytea and f.revoked_at is null",
    "workspace_id", "digest",
)  # fmt: skip
# Not its version and not updated_at: nothing about the feed has changed.
USED: Final = sql(
    "update bookings_feed set last_used_at = $3::timestamptz where workspace_id = $1 and id = $2"
    " and (last_used_at is null or last_used_at < $3::timestamptz - interval '1 day')",
    "workspace_id", "id", "now",
)  # fmt: skip
_ENTRY: Final = "b.start_time, b.end_time, b.status, b.title, b.location, b.version"
_INSIDE: Final = "b.start_time >= $3 and b.start_time < $4"
_FIRST: Final = "order by start_time, id limit $5"
ORGANIZED: Final = sql(
    f"select b.id, b.sequence, {_ENTRY}, b.updated_at, false as left from bookings b where b.workspace_id = $1 and b.organizer_id = $2 and {_INSIDE}"
    " union all select b.booking_id, b.sequence, b.start_time, b.end_time, 'cancelled', b.title, b.location, 0, b.handed_at, true"
    f" from bookings_handed b where b.workspace_id = $1 and b.user_id = $2 and {_INSIDE} {_FIRST}",
    "workspace_id", "user_id", "begins", "ends", "limit",
)  # fmt: skip
_THEIRS: Final = (
    " from user_roles r join bookings_participant p on p.workspace_id = r.workspace_id and p.client_id = r.client_id"
    " join bookings b on b.workspace_id = p.workspace_id and b.id = p.booking_id where r.workspace_id = $1 and r.user_id = $2"
)
# What they left is shown as it was then, called off.
ATTENDED: Final = sql(
    f"select b.id, b.sequence + p.sequence as sequence, {_ENTRY}, greatest(b.updated_at, p.joined_at) as updated_at, false as left"
    f"{_THEIRS} and p.status <> 'left' and {_INSIDE}"
    " union all select b.id, b.sequence + p.sequence, p.left_start, p.left_end, 'cancelled', p.left_title, null, 0, p.left_at, true"
    f"{_THEIRS} and p.status = 'left' and p.left_start >= $3 and p.left_start < $4 {_FIRST}",
    "workspace_id", "user_id", "begins", "ends", "limit",
)  # fmt: skip


class Feeds:
    """plugins.bookings.ports.feeds.Feeds on the open transaction."""

    def page(self, user_id: UUID, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_PAGES[after is not None], user_id=user_id, limit=limit, **last_of(after))

    def hold_owner(self, user_id: UUID) -> None:
        ctx.lock(f"bookings:{user_id}")  # whoever has them go takes it before the feeds end
        ctx.hold_actor()

    def add(self, values: Mapping[str, object]) -> None:
        ctx.work.write(ADD, **values)

    def lock(self, id: UUID, user_id: UUID) -> Row | None:
        return ctx.work.one(LOCK, id=id, user_id=user_id)

    def reissue(self, id: UUID, digest: bytes, now: datetime) -> Row:
        found = ctx.work.one(REISSUE, id=id, new_digest=digest, now=now)
        assert found is not None
        return found

    def revoke(self, id: UUID, now: datetime) -> None:
        ctx.work.write(REVOKE, id=id, now=now)

    def opened(self, workspace_id: UUID, digest: bytes) -> Row | None:
        ctx.work.bear(workspace_id, digest)
        return ctx.work.one(OPENED, digest=digest)

    def used(self, id: UUID, now: datetime) -> None:
        ctx.work.write(USED, id=id, now=now)

    def entries(self, user_id: UUID, span: Interval, limit: int, *, as_client: bool) -> Sequence[Row]:
        asked = ATTENDED if as_client else ORGANIZED
        return ctx.work.rows(asked, user_id=user_id, begins=span.start, ends=span.end, limit=limit)
