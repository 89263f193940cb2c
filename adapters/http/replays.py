"""Idempotency-Key: the stored answer, the conflict, or the recovery point of an earlier attempt."""

from __future__ import annotations

from typing import Final

from adapters.http.exchange import Answer
from kernel.context import Scope
from kernel.errors import Conflict, Fault, Invalid
from ports.encryption import Encryption, Place
from ports.persistence import Claim, Database, KeyInUse, KeyTaken, StoredReply

TRIES: Final = 2
"""A key that was kept for a day is free when it is asked for, and then somebody else may be faster."""


def replay(database: Database, scope: Scope, claim: Claim, taken: KeyTaken | KeyInUse, sealing: Encryption | None) -> Answer | None:
    """What a request with a used key gets, None when the key is free again; `sealing` opens a sealed reply.

    Raises Invalid for another body or operation, Conflict while the first still runs."""
    if isinstance(taken, KeyInUse):
        raise in_progress()
    stored = database.keys.stored(scope, claim)
    if stored is None:
        return None
    _same(stored, claim)
    if stored.reply is None:
        raise in_progress()
    return _answer(stored, scope, claim, sealing)


def take(database: Database, scope: Scope, claim: Claim, sealing: Encryption | None) -> Answer | str | None:
    """Claim a key for an outside operation: the stored answer, or the recovery point to go on from (None at the start)."""
    for _ in range(TRIES):
        try:
            with database.open(scope, claim=claim) as work:
                work.commit()
            return None
        except KeyInUse:
            raise in_progress() from None
        except KeyTaken:
            stored = database.keys.stored(scope, claim)
        if stored is not None:
            break
    else:
        raise in_progress()
    _same(stored, claim)
    if stored.reply is not None:
        return _answer(stored, scope, claim, sealing)
    if not database.keys.take_over(scope, claim):
        raise in_progress()
    return stored.phase


def _same(stored: StoredReply, claim: Claim) -> None:
    if (stored.operation, stored.fingerprint) != (claim.operation, claim.fingerprint):
        raise Invalid(
            "This Idempotency-Key was used for a different request.",
            code="idempotency_key_reused",
            errors=[Fault("Idempotency-Key:", "Use a new key for a new request.")],
        )


def place(scope: Scope, claim: Claim) -> Place:
    """What a stored reply is bound to when it is sealed."""
    return Place(claim.scope_id, "idempotency_keys", "body", f"{scope.user_id}:{claim.key}")


def _answer(stored: StoredReply, scope: Scope, claim: Claim, sealing: Encryption | None) -> Answer:
    assert stored.reply is not None
    body = stored.reply.body if sealing is None else sealing.open(stored.reply.body.decode(), place(scope, claim))
    return Answer(stored.reply.status, [*stored.reply.headers, ("Idempotent-Replayed", "true")], body)


def in_progress() -> Conflict:
    """Another attempt holds the key."""
    return Conflict("The first request with this key is still running; try again.", code="idempotency_in_progress", retry_after_s=1)
