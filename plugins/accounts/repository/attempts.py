"""Counters of attempts, in the database so that every process counts the same."""

from __future__ import annotations

import hashlib
from datetime import datetime
from math import ceil

from plugins.accounts.domain import Budget
from plugins.sdk import ctx, sql

# A refused attempt does not count, or whoever keeps trying would keep the window full for ever. In order, so that no two deadlock.
SPEND = sql(
    "insert into accounts_attempt as a (kind, subject, most, since, until, count)"
    " select b.kind, b.subject, b.most, $5::timestamptz, $5::timestamptz + make_interval(secs => b.window_s), 1"
    " from unnest($1::text[], $2::bytea[], $3::int[], $4::int[]) b (kind, subject, most, window_s) order by b.kind, b.subject"
    " on conflict (kind, subject) do update set most = excluded.most,"
    "   count = case when a.until <= excluded.since then 1 else least(a.count, excluded.most) + 1 end,"
    "   since = case when a.until <= excluded.since then excluded.since else a.since end,"
    "   until = case when a.until <= excluded.since then excluded.until else a.until end"
    " returning a.count > a.most as refused, a.until",
    "kinds", "subjects", "most", "windows", "now",
)  # fmt: skip
_THESE = " from unnest($1::text[], $2::bytea[]) b (kind, subject) where a.kind = b.kind and a.subject = b.subject"
GIVE_BACK = sql("update accounts_attempt a set count = greatest(a.count - 1, 0)" + _THESE, "kinds", "subjects")
SETTLE = sql("update accounts_attempt a set count = 0" + _THESE, "kinds", "subjects")


class Attempts:
    """Implements plugins.accounts.ports.Attempts."""

    def attempt(self, *budgets: Budget, now: datetime) -> int | None:
        given = {"most": [b.count for b in budgets], "windows": [b.window_s for b in budgets], "now": now}
        rows = ctx.work.rows(SPEND, **_whose(budgets), **given)
        waits = [ceil((row["until"] - now).total_seconds()) for row in rows if row["refused"]]
        return max(1, *waits) if waits else None

    def give_back(self, *budgets: Budget) -> None:
        ctx.work.write(GIVE_BACK, **_whose(budgets))

    def settle(self, *budgets: Budget) -> None:
        ctx.work.write(SETTLE, **_whose(budgets))


def _whose(budgets: tuple[Budget, ...]) -> dict[str, list[object]]:
    digests: list[object] = [hashlib.sha256(f"{b.kind}\0{b.subject}".encode()).digest() for b in budgets]
    return {"kinds": [b.kind for b in budgets], "subjects": digests}
