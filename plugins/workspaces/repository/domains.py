"""Claimed domains, and the platform's table in which a verified one stands once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from plugins.sdk import Conflict, Row, constraints, ctx, sa, sql, statement
from plugins.workspaces.models.domains import domains
from plugins.workspaces.repository.conditions import after, bind, unless_changed, version_of

d = domains.c
_HERE = d.workspace_id == sa.bindparam("workspace_id")
_THIS = sa.and_(_HERE, d.id == sa.bindparam("id"))
_JUDGED = ("state", "reason", "since", "checked_at", "verified_at")

constraints["uq_workspaces_domain_domain"] = lambda: Conflict("This workspace claims that domain already.", code="domain_exists")

PAGE = statement(sa.select(domains).where(_HERE, after(d.domain)).order_by(d.domain).limit(sa.bindparam("limit")))
BY_NAME = statement(sa.select(domains).where(_HERE, d.domain == sa.bindparam("domain")))
LOCK_DOMAIN = statement(sa.select(domains).where(_THIS).with_for_update(key_share=True))
ADD = statement(sa.insert(domains).values({column.name: sa.bindparam(column.name) for column in d}))
JUDGE = statement(
    sa.update(domains)
    .where(_THIS)
    .values({name: bind(name, d[name]) for name in _JUDGED} | {"version": d.version + 1, "updated_at": bind("checked_at", d.checked_at)})
    .returning(domains)
)
DROP = statement(sa.delete(domains).where(_THIS, unless_changed(d.version)))
# Another workspace's row is out of sight, but the key is not: of all who try at once, one inserts.
HOLD = sql("insert into claims (workspace_id, kind, value) values ($1, 'domain', $2) on conflict do nothing", "workspace_id", "domain")
HELD = sql("select 1 as held from claims where workspace_id = $1 and kind = 'domain' and value = $2", "workspace_id", "domain")
RELEASE = sql("delete from claims where workspace_id = $1 and kind = 'domain' and value = $2", "workspace_id", "domain")


class Domains:
    """plugins.workspaces.ports.Domains on the open transaction."""

    def domains(self, last: str | None, limit: int) -> Sequence[Row]:
        return ctx.work.rows(PAGE, after=last, limit=limit)

    def domain(self, domain: str) -> Row | None:
        return ctx.work.one(BY_NAME, domain=domain)

    def lock_domain(self, id: UUID) -> Row | None:
        return ctx.work.one(LOCK_DOMAIN, id=id)

    def add_domain(self, row: Mapping[str, object]) -> None:
        ctx.work.write(ADD, **row)

    def judge_domain(self, id: UUID, **judged: Any) -> Row | None:
        return ctx.work.one(JUDGE, id=id, **judged)

    def drop_domain(self, id: UUID, expected: int | None) -> bool:
        return ctx.work.change(DROP, id=id, expected=version_of(expected)) == 1

    def hold(self, domain: str) -> bool:
        return ctx.work.change(HOLD, domain=domain) == 1 or ctx.work.one(HELD, domain=domain) is not None

    def release(self, domain: str) -> None:
        ctx.work.write(RELEASE, domain=domain)
