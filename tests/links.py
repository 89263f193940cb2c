"""Links as accounts send them by mail, made without the mail."""

from __future__ import annotations

import hashlib
import secrets

import psycopg

from adapters.local.identity import Argon2Passwords
from config.databases import connections
from config.settings import Settings
from tests.servers import Person


def link(settings: Settings, person: Person, door: str, *, minutes: int = 30) -> str:
    """The token of a fresh link of this kind (`reset`, `verify`, `stop`) for a person."""
    token = secrets.token_urlsafe(32)
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute(
            "insert into accounts_token (id, digest, purpose, email, user_id, created_at, expires_at)"
            " select gen_random_uuid(), %s, %s, email, id, now(), now() + make_interval(mins => %s) from users where id = %s",
            (hashlib.sha256(token.encode()).digest(), door, minutes, person.id),
        )
    return token


def application(settings: Settings, email: str, password: str) -> str:
    """The token of a fresh link that finishes an account with this address and password."""
    token = secrets.token_urlsafe(32)
    hashed = Argon2Passwords(time_cost=1, memory_kib=8).hash(password)
    with psycopg.connect(connections(settings).auth) as auth:
        auth.execute(
            "insert into accounts_applicant (id, digest, email, full_name, locale, password_hash, agreed, created_at, expires_at)"
            " values (gen_random_uuid(), %s, %s, 'Ann Applicant', 'en', %s, %s, now(), now() + interval '1 hour')",
            (hashlib.sha256(token.encode()).digest(), email, hashed, '{"terms": "1", "privacy": "1"}'),
        )
    return token
