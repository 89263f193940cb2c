"""The built-in issuer's keys: sealed in the database, shared by every process, read again every minute."""

from __future__ import annotations

import threading
import time

from adapters.local.identity import KeyRing, KeyState, SealedKey, SigningKey, seal, unseal
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.statements import sql
from kernel.context import Kind, Scope
from ports.clock import Clock
from ports.persistence import Row, Work

_READ = sql("select kid, sealed, created_at, state, since from accounts_signing_key order by created_at")
_LOCK = sql("select pg_advisory_xact_lock(hashtextextended('accounts_signing_key', 0))", locks=True)
_ADD = sql(
    "insert into accounts_signing_key (kid, sealed, created_at, state, since) values ($1, $2, $3, $4, $5)"
    " on conflict (kid) do update set state = excluded.state, since = excluded.since",
    "kid", "sealed", "created_at", "state", "since",
)  # fmt: skip
_REFRESH_S = 60.0
_SCOPE = Scope(Kind.PUBLIC, "signing")


class StoredKeyRing:
    """The ring, called for: `ring()`. Thread-safe. The first process of a new installation makes the first key."""

    def __init__(self, database: PostgresDatabase, sealing_key: bytes, clock: Clock) -> None:
        self._database = database
        self._key = sealing_key
        self._clock = clock
        self._lock = threading.Lock()
        self._ring: KeyRing | None = None
        self._read_at = 0.0

    def __call__(self) -> KeyRing:
        ring = self._ring
        if ring is not None and time.monotonic() - self._read_at < _REFRESH_S:
            return ring
        with self._lock:
            if self._ring is None or time.monotonic() - self._read_at >= _REFRESH_S:
                try:
                    self._ring = self._read() or self._start()
                    self._read_at = time.monotonic()
                except Exception:
                    if self._ring is None:
                        raise
                    self._read_at = time.monotonic()  # the keys in hand stay good while the database is away
            return self._ring

    def _read(self) -> KeyRing | None:
        with self._database.open(_SCOPE, reading=True) as work:
            rows = work.rows(_READ)
        return KeyRing.of([self._unsealed(row) for row in rows]) if rows else None

    def _start(self) -> KeyRing:
        with self._database.open(_SCOPE) as work:
            work.change(_LOCK)
            rows = work.rows(_READ)
            ring = KeyRing.of([self._unsealed(row) for row in rows]) if rows else KeyRing.start(self._clock.now())
            if not rows:
                for key in ring.all_keys():
                    self._keep(work, key)
            work.commit()
            return ring

    def _keep(self, work: Work, key: SigningKey) -> None:
        sealed = seal(key, self._key)
        work.write(_ADD, kid=sealed.kid, sealed=sealed.sealed, created_at=sealed.created_at, state=sealed.state, since=sealed.since)

    def _unsealed(self, row: Row) -> SigningKey:
        return unseal(SealedKey(row["kid"], bytes(row["sealed"]), row["created_at"], KeyState(row["state"]), row["since"]), self._key)
