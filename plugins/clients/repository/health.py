"""Health records and consents in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from plugins.clients.domain.health import PURPOSE, SCOPE
from plugins.clients.models.health import consents, health
from plugins.clients.models.register import clients
from plugins.sdk import Document, Row, ctx, sa, statement, tables

_C, _H, _K, _KEY = clients.c, health.c, consents.c, tables.api_keys.c
_HERE = sa.and_(_C.workspace_id == sa.bindparam("workspace_id"), _C.id == sa.bindparam("client_id"))

_UNFIT_KEY = sa.exists(_KEY.id).where(
    _KEY.workspace_id == sa.bindparam("workspace_id"),
    _KEY.id == sa.bindparam("session_id", type_=sa.Uuid),
    sa.not_(sa.literal(SCOPE) == sa.func.any(_KEY.scopes)),
)
_FOUND = (
    sa.select(_H.id, _H.sealed, _H.version, _H.created_at, _H.updated_at, _K.given_by, _C.merged_into, sa.not_(_UNFIT_KEY).label("permitted"))
    .select_from(
        clients.outerjoin(health, sa.and_(_H.workspace_id == _C.workspace_id, _H.client_id == _C.id)).outerjoin(
            consents,
            sa.and_(
                _K.workspace_id == _C.workspace_id,
                _K.client_id == sa.func.coalesce(_C.merged_into, _C.id),
                _K.purpose == sa.literal(PURPOSE),
                _K.withdrawn_at.is_(None),
            ),
        )
    )
    .where(_HERE)
)
HOLD = statement(sa.select(_C.id, _C.merged_into).where(_HERE).with_for_update(key_share=True))
KNOWN = statement(sa.select(_C.id, _C.merged_into).where(_HERE))
FIND = statement(_FOUND)
ADD = statement(sa.insert(health).values({column.name: sa.bindparam(column.name) for column in _H}))
REPLACE = statement(
    sa.update(health)
    .where(_H.workspace_id == sa.bindparam("workspace_id"), _H.id == sa.bindparam("record_id"), _H.version == sa.bindparam("expected"))
    .values(sealed=sa.bindparam("sealed"), version=_H.version + 1, updated_at=sa.bindparam("now"))
)

_CLIENTS = sa.bindparam("client_ids", type_=sa.ARRAY(sa.Uuid))
OF = statement(
    sa.select(_H.id, _H.client_id, _H.sealed, _H.version).where(
        _H.workspace_id == sa.bindparam("workspace_id"), _H.client_id == sa.func.any(_CLIENTS)
    )
)
MOVE = statement(
    sa.update(health)
    .where(_H.workspace_id == sa.bindparam("workspace_id"), _H.id == sa.bindparam("record_id"))
    .values(client_id=sa.bindparam("to"), version=_H.version + 1, updated_at=sa.bindparam("now"))
)

_OF_CLIENT = sa.and_(_K.workspace_id == sa.bindparam("workspace_id"), _K.client_id == sa.bindparam("client_id"))
DECISIVE = statement(
    sa.select(_K.id, _K.client_id, _K.purpose, _K.given_by, _K.withdrawn_at, _K.withdrawn_by).where(
        _K.workspace_id == sa.bindparam("workspace_id"), _K.client_id == sa.func.any(_CLIENTS), _K.decides
    )
)
SUPERSEDE = statement(
    sa.update(consents)
    .where(_K.workspace_id == sa.bindparam("workspace_id"), _K.id == sa.bindparam("consent_id"))
    .values(
        decides=False,
        withdrawn_by=sa.case((_K.withdrawn_at.is_(None), sa.bindparam("by", type_=sa.Text)), else_=_K.withdrawn_by),
        withdrawn_at=sa.func.coalesce(_K.withdrawn_at, sa.bindparam("now", type_=_K.withdrawn_at.type)),
        version=_K.version + 1,
        updated_at=sa.bindparam("now", type_=_K.updated_at.type),
    )
)
_GIVEN = ("workspace_id", "id", "client_id", "purpose", "given_by", "given_at", "how", "recorded_by", "version", "created_at", "updated_at")
ADD_CONSENT = statement(sa.insert(consents).values({**{name: sa.bindparam(name) for name in _GIVEN}, "decides": True}))
CONSENT = statement(sa.select(_K.version, _K.purpose, _K.withdrawn_at).where(_OF_CLIENT, _K.id == sa.bindparam("consent_id")))
WITHDRAW = statement(
    sa.update(consents)
    .where(_K.workspace_id == sa.bindparam("workspace_id"), _K.id == sa.bindparam("consent_id"), _K.withdrawn_at.is_(None))
    .values(withdrawn_at=sa.bindparam("now"), withdrawn_by=sa.bindparam("by"), version=_K.version + 1, updated_at=sa.bindparam("now"))
)
CONSENTS = statement(
    sa.select(
        _K.id, _K.client_id, _K.purpose, _K.given_by, _K.given_at, _K.how, _K.recorded_by, _K.withdrawn_at, _K.withdrawn_by, _K.version, _K.created_at
    )
    .where(_OF_CLIENT, sa.or_(sa.bindparam("after", type_=sa.Uuid).is_(None), _K.id < sa.bindparam("after", type_=sa.Uuid)))
    .order_by(_K.id.desc())
    .limit(sa.bindparam("limit", type_=sa.BigInteger))
)


class HealthRecords:
    """plugins.clients.ports.health.HealthRecords on the open transaction."""

    def find(self, client_id: UUID, *, hold: bool) -> Row | None:
        # Held first: a row read before the lock could be older than what the holder before us committed.
        if hold and ctx.work.one(HOLD, client_id=client_id) is None:
            return None
        return ctx.work.one(FIND, client_id=client_id, session_id=ctx.session_id)

    def add(self, client_id: UUID, id: UUID, sealed: str, now: datetime) -> None:
        ctx.work.write(ADD, id=id, client_id=client_id, sealed=sealed, version=1, created_at=now, updated_at=now)

    def replace(self, id: UUID, sealed: str, expected: int, now: datetime) -> bool:
        return ctx.work.change(REPLACE, record_id=id, sealed=sealed, expected=expected, now=now) == 1

    def read(self, client_id: UUID, id: UUID | None) -> None:
        ctx.record_read(health.name, id or client_id, client_id=client_id, purpose=PURPOSE)

    def of(self, client_ids: Sequence[UUID]) -> Mapping[UUID, Row]:
        return {row["client_id"]: row for row in ctx.work.rows(OF, client_ids=list(client_ids))}

    def move(self, id: UUID, client_id: UUID, now: datetime) -> None:
        ctx.work.write(MOVE, record_id=id, to=client_id, now=now)


class Consents:
    """plugins.clients.ports.health.Consents and Decisive on the open transaction."""

    def hold(self, client_id: UUID) -> Row | None:
        return ctx.work.one(HOLD, client_id=client_id)

    def decisive(self, client_ids: Sequence[UUID]) -> Sequence[Row]:
        return ctx.work.rows(DECISIVE, client_ids=list(client_ids))

    def supersede(self, id: UUID, by: str, now: datetime) -> None:
        ctx.work.write(SUPERSEDE, consent_id=id, by=by, now=now)

    def add(
        self, *, id: UUID, client_id: UUID, purpose: str, given_by: str, given_at: datetime, how: str | None, recorded_by: UUID, now: datetime
    ) -> None:
        ctx.work.write(
            ADD_CONSENT, id=id, client_id=client_id, purpose=purpose, given_by=given_by, given_at=given_at, how=how, recorded_by=recorded_by,
            version=1, created_at=now, updated_at=now,
        )  # fmt: skip

    def find(self, client_id: UUID, id: UUID) -> Row | None:
        return ctx.work.one(CONSENT, client_id=client_id, consent_id=id)

    def withdraw(self, id: UUID, by: str, now: datetime) -> None:
        ctx.work.write(WITHDRAW, consent_id=id, by=by, now=now)

    def known(self, client_id: UUID) -> Row | None:
        return ctx.work.one(KNOWN, client_id=client_id)

    def page(self, client_id: UUID, limit: int, after: UUID | None) -> list[Document]:
        return ctx.work.documents(CONSENTS, client_id=client_id, limit=limit, after=after)
