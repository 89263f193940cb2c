"""audit_seals: read, and added to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from plugins.privacy.domain import START, Entry, Seal
from plugins.privacy.ports import Sealed, Standing
from plugins.sdk import Row, ctx, sql
from ports.anchors import Head, Receipt

_FACT: Final = (
    "case when l.id is not null then json_build_array((extract(epoch from l.at) * 1000000)::bigint, l.actor_id, l.actor, l.request_id,"
    " l.action, l.table_name, l.record_id, l.client_id)::text end as fact, l.salt::text as salt,"
    " coalesce(l.before::text, '') || chr(31) || coalesce(l.after::text, '') as values, l.table_name as table"
)
_SEAL: Final = (
    "s.number, s.first, s.previous, s.through, s.settled, s.sealed_at, s.proofs, s.head, s.key, s.signature, cardinality(s.entries) as size"
)
_MINE: Final = "s.workspace_id = $1"

# What is over was over before this statement looked, so the next one sees all of it. A horizon beyond the server's own is of another server:
# its transactions are all over.
STANDING = sql(
    f"with last as (select {_SEAL} from audit_seals s where {_MINE} order by s.number desc limit 1),"
    "  server as (select pg_snapshot_xmin(p)::text::bigint as xmin, pg_snapshot_xmax(p)::text::bigint as xmax,"
    "                    not exists (select pg_snapshot_xip(p)) as quiet from pg_current_snapshot() p)"
    " select last.*, server.xmax, server.quiet, coalesce((select max(l.seq) from audit_logs l where l.workspace_id = $1), 0) as top,"
    "        coalesce((select max(s.through) from audit_seals s where s.workspace_id = $1 and s.through > coalesce(last.settled, 0)"
    "                     and (s.horizon <= server.xmin or s.horizon > server.xmax)), 0) as over"
    "   from server left join last on true",
    "workspace_id",
)
UNSEALED = sql(
    f"select l.id::text as id, l.seq, {_FACT} from audit_logs l where l.workspace_id = $1 and l.seq > $2 and l.seq <= $3"
    "   and not (l.id = any (select unnest(s.entries) from audit_seals s where s.workspace_id = $1 and s.through > $2))"
    " order by l.seq limit $4",
    "workspace_id", "settled", "top", "limit",
)  # fmt: skip
ADD = sql(
    "insert into audit_seals (workspace_id, number, first, entries, proofs, previous, head, key, signature, through, settled, horizon, sealed_at)"
    " values ($1, $2, $3, $4::uuid[], $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    "workspace_id", "number", "first", "entries", "proofs", "previous", "head", "key", "signature", "through", "settled", "horizon", "sealed_at",
)  # fmt: skip
SIZES = sql(
    f"select s.number, cardinality(s.entries) as size from audit_seals s where {_MINE} and s.number > $2 order by s.number limit 500",
    "workspace_id", "after",
)  # fmt: skip
SEALS = sql(f"select {_SEAL} from audit_seals s where {_MINE} and s.number > $2 and s.number <= $3 order by s.number", "workspace_id", "after", "to")
ENTRIES = sql(
    f"select s.number, e.id::text as id, coalesce(l.seq, 0) as seq, {_FACT}"
    "  from audit_seals s cross join lateral unnest(s.entries) with ordinality e (id, place)"
    "   left join audit_logs l on l.workspace_id = s.workspace_id and l.id = e.id"
    f" where {_MINE} and s.number > $2 and s.number <= $3 order by s.number, e.place",
    "workspace_id", "after", "to",
)  # fmt: skip
RECEIPT = sql(f"select {_SEAL} from audit_seals s where {_MINE} and s.number = $2", "workspace_id", "number")
LAST = sql(f"select {_SEAL} from audit_seals s where {_MINE} order by s.number desc limit 1", "workspace_id")
# A late entry is in a later seal, but in none after what it should have been in was settled.
INTRUDERS = sql(
    f"select l.id::text as id, {_FACT} from audit_logs l where l.workspace_id = $1 and l.seq > $2 and l.seq <= least($3::bigint, $4::bigint)"
    "   and not (l.id = any (select unnest(s.entries) from audit_seals s where s.workspace_id = $1 and s.number > $5"
    "     and s.number <= coalesce((select t.number from audit_seals t where t.workspace_id = $1 and t.number > $5"
    "                                  and t.settled >= least($3::bigint, $4::bigint) order by t.number limit 1), 9223372036854775807)))"
    " order by l.seq limit 100",
    "workspace_id", "above", "to", "settled", "after",
)  # fmt: skip
TIMES = sql(
    "select s.through, (extract(epoch from least(n.at, s.sealed_at)) * 1000000)::bigint as newest"
    f"  from (select * from audit_seals s where {_MINE} and s.number <= $2 and s.entries <> '{{}}' order by s.number desc limit 5) s"
    "  cross join lateral (select max(l.at) as at from unnest(s.entries) e (id)"
    "                        join audit_logs l on l.workspace_id = s.workspace_id and l.id = e.id) n"
    " where n.at is not null order by s.number",
    "workspace_id", "number",
)  # fmt: skip
ERASURES = sql(
    "select l.id::text as id, l.after from audit_logs l where l.workspace_id = $1 and l.id = any ($2::uuid[]) and l.action = 'erase'",
    "workspace_id", "ids",
)  # fmt: skip
WAITING = sql(
    "select count(*) as waiting from (select from audit_logs l where l.workspace_id = $1 and l.seq > $2"
    "   and not (l.id = any (select unnest(s.entries) from audit_seals s where s.workspace_id = $1 and s.through > $2)) limit 1000) found",
    "workspace_id", "settled",
)  # fmt: skip


class Seals:
    """plugins.privacy.ports.Chain on the open transaction."""

    def hold(self) -> None:
        ctx.lock("audit seals")

    def standing(self) -> Standing:
        row = ctx.work.one(STANDING)
        assert row is not None
        last = None if row["number"] is None else _seal(row)
        position = 0 if last is None else last.first + row["size"] - 1
        head = START if last is None else bytes(row["head"])
        return Standing(last, head, position, row["top"], row["over"], row["quiet"], row["xmax"])

    def unsealed(self, settled: int, top: int, limit: int) -> list[Entry]:
        return [_entry(row, row["seq"]) for row in ctx.work.rows(UNSEALED, settled=settled, top=top, limit=limit)]

    def add(self, seal: Seal, receipt: Receipt, entries: Sequence[Entry], horizon: int) -> None:
        ctx.work.write(
            ADD, number=seal.number, first=seal.first, entries=[entry.id for entry in entries], proofs=seal.proofs, previous=seal.previous,
            head=receipt.head.hash, key=receipt.key, signature=receipt.signature, through=seal.through, settled=seal.settled, horizon=horizon,
            sealed_at=seal.sealed_at,
        )  # fmt: skip

    def after(self, number: int, at_most: int) -> list[Sealed]:
        to, held = None, 0
        for row in ctx.work.rows(SIZES, after=number):
            if to is not None and held + row["size"] > at_most:
                break
            to, held = row["number"], held + row["size"]
        if to is None:
            return []
        of: dict[int, list[Entry]] = {}
        for row in ctx.work.rows(ENTRIES, after=number, to=to):
            of.setdefault(row["number"], []).append(_entry(row, row["seq"]))
        return [Sealed(_seal(row), _receipt(row), of.get(row["number"], [])) for row in ctx.work.rows(SEALS, after=number, to=to)]

    def receipt(self, number: int | None) -> Receipt | None:
        row = ctx.work.one(LAST) if number is None else ctx.work.one(RECEIPT, number=number)
        return None if row is None else _receipt(row)

    def intruders(self, above: int, to: int, settled: int, after: int) -> list[Entry]:
        return [_entry(row) for row in ctx.work.rows(INTRUDERS, above=above, to=to, settled=settled, after=after)]

    def times(self, number: int) -> list[tuple[int, int]]:
        return [(row["through"], row["newest"]) for row in ctx.work.rows(TIMES, number=number)]

    def erasures(self, ids: Sequence[str]) -> list[tuple[str, object]]:
        return [(row["id"], row["after"]) for row in ctx.work.rows(ERASURES, ids=list(ids))]

    def waiting(self, settled: int) -> int:
        row = ctx.work.one(WAITING, settled=settled)
        assert row is not None
        return int(row["waiting"])


def _seal(row: Row) -> Seal:
    return Seal(row["number"], row["first"], bytes(row["previous"]), row["through"], row["settled"], row["sealed_at"], bytes(row["proofs"]))


def _receipt(row: Row) -> Receipt:
    head = Head(ctx.workspace_id, row["number"], row["first"] + row["size"] - 1, row["sealed_at"], bytes(row["head"]))
    return Receipt(head, bytes(row["key"]), bytes(row["signature"]))


def _entry(row: Row, seq: int = 0) -> Entry:
    return Entry(row["id"], row["fact"], row["salt"], row["values"], row["table"], seq)
