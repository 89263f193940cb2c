"""What is metered, counted in PostgreSQL: exactly, for every process, and not at all where it cannot be."""

from __future__ import annotations

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.statements import sql
from kernel.context import Kind, Scope
from ports.limits import Quota, Standing, standing

# free_at: when nothing is used up any more. Each use moves it a step on, and never further than a window from now. taken: whether the last did.
_TAKE = sql(
    "insert into quota_uses as u (quota, subject, free_at, taken) values ($1, $2, now() + make_interval(secs => $3), true)"
    " on conflict (quota, subject) do update set"
    "  taken = greatest(u.free_at, now()) + make_interval(secs => $3) <= now() + make_interval(secs => $4),"
    "  free_at = case when greatest(u.free_at, now()) + make_interval(secs => $3) <= now() + make_interval(secs => $4)"
    "   then greatest(u.free_at, now()) + make_interval(secs => $3) else u.free_at end"
    " returning taken, extract(epoch from free_at - now())::float8 as used_s",
    "quota", "subject", "step_s", "window_s",
)  # fmt: skip
_GIVE_BACK = sql(
    "update quota_uses set free_at = free_at - make_interval(secs => $3) where quota = $1 and subject = $2", "quota", "subject", "step_s"
)
# Whoever uses something sweeps a few of those who have nothing used up.
_SWEEP = sql(
    "delete from quota_uses where ctid = any (array("
    "select ctid from quota_uses where free_at < now() and (quota, subject) <> ($1, $2) limit 20 for update skip locked))",
    "quota", "subject",
)  # fmt: skip
_SCOPE = Scope(Kind.PUBLIC, "")
_HALF = 1 << 63


class PostgresMeter:
    """Implements ports.limits.Meter, as the auth identity."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def take(self, quota: Quota, subject: int) -> Standing:
        step_s = quota.window_s / quota.count
        with self._database.open(_SCOPE) as work:
            # A thousandth of a step for clocks that are not exact, as `standing` has it.
            row = work.one(_TAKE, quota=quota.name, subject=subject - _HALF, step_s=step_s, window_s=quota.window_s + step_s / 1_000)
            work.write(_SWEEP, quota=quota.name, subject=subject - _HALF)
            work.commit()
        assert row is not None
        return standing(quota, row["used_s"] - step_s if row["taken"] else row["used_s"], counted=row["taken"])

    def give_back(self, quota: Quota, subject: int) -> None:
        with self._database.open(_SCOPE) as work:
            work.write(_GIVE_BACK, quota=quota.name, subject=subject - _HALF, step_s=quota.window_s / quota.count)
            work.commit()
