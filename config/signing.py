"""The built-in issuer's keys: sealed in the database, shared by every process, read again every minute, rotated every year."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from adapters.local.identity import KeyRing, KeyState, SealedKey, SigningKey, seal, unseal
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.statements import sql
from kernel.context import Kind, Scope
from ports.clock import Clock
from ports.persistence import Row, Work

_READ = sql("select kid, sealed, created_at, state, since from accounts_signing_key order by created_at")
_LOCK = sql("select pg_advisory_xact_lock(hashtextextended('accounts_signing_key', 0))", locks=True)
_KEEP = sql(
    "insert into accounts_signing_key (kid, sealed, created_at, state, since) values ($1, $2, $3, $4, $5)"
    " on conflict (kid) do update set state = excluded.state, since = excluded.since",
    "kid", "sealed", "created_at", "state", "since",
)  # fmt: skip
_DROP = sql("delete from accounts_signing_key where kid <> all ($1::text[])", "kids")
_REFRESH_S = 60.0
_AGAIN_S = 5.0
_SCOPE = Scope(Kind.PUBLIC, "signing")


class StoredKeyRing:
    """The ring, called for: `ring()`. Thread-safe. The first process of a new installation makes the first key.

    token_lifetime: of the longest access token; a key that no longer signs is kept until its last token has ended.
    """

    def __init__(self, database: PostgresDatabase, sealing_key: bytes, clock: Clock, *, token_lifetime: timedelta = timedelta(hours=1)) -> None:
        self._database = database
        self._key = sealing_key
        self._clock = clock
        self._token_lifetime = token_lifetime
        self._lock = threading.Lock()
        self._ring: KeyRing | None = None
        self._read_at = 0.0
        self._withdrawn = 0

    def __call__(self) -> KeyRing:
        ring = self._ring
        return ring if ring is not None and time.monotonic() - self._read_at < _REFRESH_S else self._refreshed(_REFRESH_S)

    def again(self) -> KeyRing:
        """The ring read anew, at most every 5 seconds: a token may name a key that another process has just made."""
        return self._refreshed(_AGAIN_S)

    def withdrawn(self) -> int:
        """How often a key that was in the ring was not there any more when it was read again, which this does when a minute has passed."""
        if self._ring is not None:  # without one there is nothing that was verified with its keys
            self()
        return self._withdrawn

    def rotate(self, *, at_once: bool = False) -> KeyRing:
        """Have the next key sign. at_once: after an incident: every older key is forgotten, and with it all access tokens.

        Raises ValueError while the next key is published for less than 20 minutes.
        """
        with self._lock:
            now = self._clock.now()
            ring = self._changed(lambda ring: ring.rotated(now, at_once=at_once).pruned(now, self._token_lifetime))
            self._read_at = time.monotonic()
            return self._kept(ring)

    def _refreshed(self, older_than_s: float) -> KeyRing:
        with self._lock:
            if self._ring is None or time.monotonic() - self._read_at >= older_than_s:
                try:
                    self._kept(self._current())
                except Exception:
                    if self._ring is None:
                        raise
                self._read_at = time.monotonic()  # also when the database is away: the keys in hand stay good
            assert self._ring is not None
            return self._ring

    def _kept(self, ring: KeyRing) -> KeyRing:
        """The ring from now on. Counted only when it is there, so that whoever sees the number asks the new one."""
        before, self._ring = self._ring, ring
        if before is not None and {key.kid for key in before.all_keys()} - {key.kid for key in ring.all_keys()}:
            self._withdrawn += 1
        return ring

    def _current(self) -> KeyRing:
        with self._database.open(_SCOPE, reading=True) as work:
            rows = work.rows(_READ)
        if not rows:
            return self._changed(lambda ring: ring)
        ring, now = self._opened(rows), self._clock.now()
        if ring.due(now, self._token_lifetime) is ring:
            return ring
        return self._changed(lambda stored: stored.due(now, self._token_lifetime))

    def _changed(self, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """The stored ring, or a first one, after a change that no other process makes at the same time."""
        with self._database.open(_SCOPE) as work:
            work.change(_LOCK)
            rows = work.rows(_READ)
            ring = change(self._opened(rows) if rows else KeyRing.start(self._clock.now()))
            for key in ring.all_keys():
                self._keep(work, key)
            work.write(_DROP, kids=[key.kid for key in ring.all_keys()])
            work.commit()
            return ring

    def _keep(self, work: Work, key: SigningKey) -> None:
        sealed = seal(key, self._key)
        work.write(_KEEP, kid=sealed.kid, sealed=sealed.sealed, created_at=sealed.created_at, state=sealed.state, since=sealed.since)

    def _opened(self, rows: Sequence[Row]) -> KeyRing:
        return KeyRing.of([self._unsealed(row) for row in rows])

    def _unsealed(self, row: Row) -> SigningKey:
        return unseal(SealedKey(row["kid"], bytes(row["sealed"]), row["created_at"], KeyState(row["state"]), row["since"]), self._key)
