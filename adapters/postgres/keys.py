"""Idempotency keys seen from outside the transaction that claimed them (implements ports.persistence.Keys)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.postgres import gate
from adapters.postgres.statements import Statement
from kernel.context import Scope
from ports.persistence import Claim, KeyInUse, Reply, StoredReply

if TYPE_CHECKING:
    from adapters.postgres.database import PostgresDatabase


class PostgresKeys:
    """Reads and finishes keys, one short transaction per call."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    def stored(self, scope: Scope, claim: Claim) -> StoredReply | None:
        with self._database.open(scope, reading=True) as work:
            row = work.one(gate.STORED, scope_id=claim.scope_id, key=claim.key)
        if row is None:
            return None
        if row["over"]:
            self._change(scope, gate.FORGET, scope_id=claim.scope_id, key=claim.key)
            return None
        headers = tuple((name, value) for name, value in row["headers"] or ())
        reply = None if row["status"] is None else Reply(row["status"], headers, bytes(row["body"]))
        return StoredReply(row["operation"], row["fingerprint"], reply, row["phase"], row["running"])

    def take_over(self, scope: Scope, claim: Claim) -> bool:
        return self._change(scope, gate.TAKE_OVER, scope_id=claim.scope_id, key=claim.key, lease_s=claim.lease_s, holder=claim.holder) == 1

    def let_go(self, scope: Scope, claim: Claim) -> None:
        self._change(scope, gate.LET_GO, scope_id=claim.scope_id, key=claim.key, holder=claim.holder)

    def keep(self, scope: Scope, claim: Claim, reply: Reply) -> None:
        kept = self._change(
            scope, gate.KEEP_REPLY, scope_id=claim.scope_id, key=claim.key, operation=claim.operation, fingerprint=claim.fingerprint,
            holder=claim.holder, status=reply.status, headers=[list(pair) for pair in reply.headers], body=reply.body,
        )  # fmt: skip
        if kept != 1:
            raise KeyInUse

    def _change(self, scope: Scope, statement: Statement, **parameters: object) -> int:
        with self._database.open(scope) as work:
            count = work.change(statement, **parameters)
            work.commit()
            return count
