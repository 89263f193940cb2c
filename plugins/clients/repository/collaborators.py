"""Who looks after which clients, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from plugins.clients.models.register import clients
from plugins.sdk import Row, ctx, sa, sql, statement

_T = clients.c
_THEIRS = sa.and_(_T.workspace_id == sa.bindparam("workspace_id"), _T.assigned_to == sa.bindparam("of"))

COUNT = statement(sa.select(sa.func.count().label("count")).select_from(clients).where(_THEIRS))
NAMED = statement(sa.select(_T.id, _T.full_name.label("title")).where(_THEIRS).order_by(_T.id).limit(sa.bindparam("limit")))
MOVE = statement(sa.update(clients).where(_THEIRS).values(assigned_to=sa.bindparam("to"), version=_T.version + 1, updated_at=sa.bindparam("now")))
IS_CLIENT = statement(
    sa.select(_T.id).where(_T.workspace_id == sa.bindparam("workspace_id"), _T.id == sa.bindparam("client_id"), _T.status != "archived")
)
# Refuses in passing, with whatever is sent next: looking first would be a round trip.
# Through a subquery, so that the planner counts on as many ids each time and does not plan each time.
_ARCHIVED = "from clients where workspace_id = $1 and id = any(array(select unnest($2::uuid[]))) and status = 'archived' limit 1"
REFUSE_ARCHIVED = sql(f"select app.refuse('client_archived') {_ARCHIVED}", "workspace_id", "ids")
REFUSE_ARCHIVED_ONE = sql(
    "select app.refuse('client_archived') from clients where workspace_id = $1 and id = $2 and status = 'archived'", "workspace_id", "id"
)
ARCHIVED = sql(f"select id {_ARCHIVED}", "workspace_id", "ids")
# Whoever gives somebody a client holds them by this, one beside the other; whoever takes them away alone. Always before any row of a client.
STAY = sql(
    "select pg_advisory_xact_lock_shared(place) from"
    " (select distinct hashtextextended($1::text || ' looks after ' || person, 0) as place from unnest($2::uuid[]) person order by 1) places",
    "workspace_id", "people",
)  # fmt: skip
STAYS = sql("select pg_try_advisory_xact_lock_shared(hashtextextended($1::text || ' looks after ' || $2::uuid, 0)) as held", "workspace_id", "person")
LEAVE = sql("select pg_advisory_xact_lock(hashtextextended($1::text || ' looks after ' || $2::uuid, 0))", "workspace_id", "person")
HOLD = statement(sa.select(sa.func.count()).select_from(sa.select(_T.id).where(_THEIRS).order_by(_T.id).with_for_update(key_share=True).subquery()))


def stay(people: Collection[UUID]) -> None:
    """Queue: these members stay what they are until the transaction ends; one who was going is gone when it is sent."""
    if people:
        ctx.work.write(STAY, people=list(people))


class Assignments:
    """plugins.clients.ports.collaborators.Assignments on the open transaction."""

    def leave(self, user_id: UUID) -> None:
        ctx.work.write(LEAVE, person=user_id)
        ctx.work.write(HOLD, of=user_id)

    def of(self, user_id: UUID, limit: int) -> tuple[int, Sequence[Row]]:
        row = ctx.work.one(COUNT, of=user_id)
        assert row is not None
        return row["count"], ctx.work.rows(NAMED, of=user_id, limit=limit) if row["count"] else ()

    def move(self, user_id: UUID, to: UUID, now: datetime) -> int:
        return ctx.work.change(MOVE, of=user_id, to=to, now=now)

    def archived(self, ids: Sequence[UUID]) -> bool:
        if ctx.work.careful:
            return ctx.work.one(ARCHIVED, ids=list(ids)) is not None
        if len(ids) == 1:  # nearly always, and half the price
            ctx.work.write(REFUSE_ARCHIVED_ONE, id=ids[0])
        else:
            ctx.work.write(REFUSE_ARCHIVED, ids=list(ids))
        return False

    def is_client(self, client_id: UUID) -> bool:
        return ctx.work.one(IS_CLIENT, client_id=client_id) is not None
