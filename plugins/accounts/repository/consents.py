"""Consents: appended, never rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from plugins.accounts.domain import Consent, Purpose, Standing
from plugins.accounts.models import consents
from plugins.sdk import Document, ctx, sa, statement

_given = sa.bindparam
_NEWEST = UUID(int=2**128 - 1)

RECORD = statement(consents.insert().values({c.name: _given(c.name) for c in consents.c}))
STANDING = statement(
    sa.select(consents.c.granted, consents.c.document_version, consents.c.recorded_at)
    .where(consents.c.user_id == _given("actor_id"), consents.c.purpose == _given("purpose"))
    .order_by(consents.c.id.desc())
    .limit(1)
)
HISTORY = statement(
    sa.select(consents.c.id, consents.c.purpose, consents.c.document_version, consents.c.granted, consents.c.recorded_at)
    .where(consents.c.user_id == _given("actor_id"), consents.c.id < _given("before"))
    .order_by(consents.c.id.desc())
    .limit(_given("limit"))
)


class Consents:
    """Implements plugins.accounts.ports.Consents."""

    def record(self, consent: Consent) -> None:
        ctx.work.write(RECORD, **asdict(consent))

    def standing(self, purpose: Purpose) -> Standing:
        row = ctx.work.one(STANDING, purpose=purpose)
        return Standing() if row is None else Standing(row["granted"], row["document_version"], row["recorded_at"])

    def history(self, limit: int, before: UUID | None) -> Sequence[Document]:
        return ctx.work.documents(HISTORY, limit=limit, before=before or _NEWEST)
