"""A client's past in PostgreSQL: one statement over everything this plugin keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from plugins.clients.domain.timeline import Moment
from plugins.clients.models.history import history
from plugins.clients.repository.health import KNOWN
from plugins.sdk import Row, ctx, new_id, sa, sql, statement

_REMEMBER = statement(sa.insert(history).values({column.name: sa.bindparam(column.name) for column in history.c}))
_ENTRIES = sql(
    """
    select at, kind, id::text as key, detail, reference from (
      -- Who came as an archived client has no moment of their own for it.
      select v.at, v.kind, c.id, null as detail, c.id as reference
        from clients c cross join lateral (values
          (c.created_at, 'clients.created'), (case when c.archived_at = c.created_at then c.archived_at end, 'clients.archived')
        ) v (at, kind)
       where c.workspace_id = $1 and c.id = $2
      union all
      select at, kind, id, detail, coalesce(reference, client_id) from clients_history where workspace_id = $1 and client_id = $2
      union all
      select created_at, case visibility when 'shared' then 'clients.shared_note' else 'clients.note' end, id, left(body, 400), id
        from clients_notes where workspace_id = $1 and client_id = $2 and removed_at is null
      union all
      -- Of those that are no holiday only when: which of them tell health is read with consent, where it is recorded.
      select created_at, 'clients.exclusion', id,
             case kind when 'holiday' then 'holiday, ' else '' end || to_char(starts_on, 'YYYY-MM-DD')
               || coalesce(' to ' || to_char(ends_on, 'YYYY-MM-DD'), ' until further notice'), id
        from clients_exclusion where workspace_id = $1 and client_id = $2 and removed_at is null
      union all
      -- A consent that a newer one replaced was not taken back.
      select v.at, v.kind, k.id, k.purpose, k.id
        from clients_consent k cross join lateral (values
          (k.given_at, case k.given_by when 'self' then 'clients.consent_given' else 'clients.consent_attested' end),
          (case when not exists (select from clients_consent n where n.workspace_id = $1 and n.client_id = $2 and n.purpose = k.purpose
                                    and n.created_at = k.withdrawn_at and n.id > k.id) then k.withdrawn_at end,
           case k.withdrawn_by when 'merge' then 'clients.consent_ended' else 'clients.consent_withdrawn' end)
        ) v (at, kind)
       where k.workspace_id = $1 and k.client_id = $2
      union all
      select at, 'clients.imported', import_id, null, import_id from clients_imported where workspace_id = $1 and client_id = $2
    ) told
     where at is not null and ($3::timestamptz is null or at <= $3)
     order by at desc, kind collate "C" desc, id::text collate "C" desc limit $4""",
    "workspace_id", "client_id", "until", "limit",
)  # fmt: skip


class Timeline:
    """Implements History and Past."""

    def remember(self, client_id: UUID, moment: Moment, at: datetime, detail: str | None = None, reference: UUID | None = None) -> None:
        ctx.work.write(_REMEMBER, id=new_id(), client_id=client_id, at=at, kind=moment.value, detail=detail, reference=reference)

    def known(self, client_id: UUID) -> bool:
        return ctx.work.one(KNOWN, client_id=client_id) is not None

    def entries(self, client_id: UUID, until: datetime | None, limit: int) -> Sequence[Row]:
        return ctx.work.rows(_ENTRIES, client_id=client_id, until=until, limit=limit)
