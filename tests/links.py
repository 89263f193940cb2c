"""Links as accounts send them by mail, made without the mail."""

from __future__ import annotations

import hashlib
import secrets

import psycopg

from config.databases import connections
from config.settings import Settings
from tests.servers import Person


def link(settings: Settings, person: Person, door: str, *, minutes: int = 30) -> str:
    """The token of a fresh link of this kind (`reset`, `verify`) for a person."""
    token = secrets.token_urlsafe(32)
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute(
            "insert into accounts_token (id, digest, purpose, email, user_id, created_at, expires_at)"
            " select gen_random_uuid(), %s, %s, email, id, now(), now() + make_interval(mins => %s) from users where id = %s",
            (hashlib.sha256(token.encode()).digest(), door, minutes, person.id),
        )
    return token
