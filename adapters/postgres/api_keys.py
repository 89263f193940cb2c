"""Bearers that are API keys (implements ports.identity.TokenVerifier in front of whoever reads the others)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.faults import key_over
from adapters.postgres.statements import sql
from kernel.context import Kind, Scope
from kernel.errors import Unauthenticated
from ports.identity import Principal, TokenVerifier

PREFIX: Final = "fp_"
_KEY: Final = re.compile(r"fp_([0-9a-f]{32})_[A-Za-z0-9_-]{43}", re.ASCII)
_FOR_EVER: Final = 253_402_300_799  # the last second of the year 9999
_NOBODY: Final = Scope(Kind.PUBLIC, "")

# The use is written down at most every ten minutes, by the statement that looks the key up.
FIND: Final = sql(
    """with found as (
         select workspace_id, id, user_id, scopes, extract(epoch from expires_at)::bigint as expires,
                revoked_at is not null or coalesce(expires_at <= now(), false) as over
           from api_keys where id = $1 and digest = $2
       ), used as (
         insert into api_key_uses as u (workspace_id, key_id, used_at) select workspace_id, id, now() from found where not over
             on conflict (workspace_id, key_id) do update set used_at = excluded.used_at where u.used_at < now() - interval '10 minutes'
       )
       select * from found""",
    "id", "digest",
)  # fmt: skip


class ApiKeyVerifier:
    """Looks keys up as the auth identity, which alone may read their digests. Whether one was revoked since, the gate says each time.

    others: reads what does not look like a key.
    """

    def __init__(self, database: PostgresDatabase, others: TokenVerifier) -> None:
        self._database = database
        self._others = others

    def verify(self, bearer: str) -> Principal:
        if not bearer.startswith(PREFIX):
            return self._others.verify(bearer)
        shape = _KEY.fullmatch(bearer)
        if shape is None:
            raise Unauthenticated(code="invalid_token")
        with self._database.open(_NOBODY) as work:
            row = work.one(FIND, id=shape[1], digest=hashlib.sha256(bearer.encode()).digest())
            work.commit()
        if row is None:
            raise Unauthenticated(code="invalid_token")
        if row["over"]:
            raise key_over()
        expires = _FOR_EVER if row["expires"] is None else row["expires"]
        return Principal(row["user_id"], row["id"], expires, tuple(row["scopes"]), workspace_id=row["workspace_id"])
