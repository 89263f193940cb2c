"""Roles and an empty database, made by a superuser once; everything else is the owner's work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

_LOCK = 0x726F6C6573  # "roles"
LOGINS = ("fitpro_owner", "fitpro_app", "fitpro_auth", "fitpro_relay", "fitpro_backup")


def prepare(superuser: str, *, database: str, password: Callable[[str], str], statement_timeout_ms: int = 5_000, lock_timeout_ms: int = 300) -> None:
    """Create the roles and the database when they are missing, and set the passwords. Idempotent.

    superuser: a conninfo to any database of the cluster. password: role → its password. The timeouts are those of requests.
    """
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))  # two at once would trip over each other's rows of pg_authid
        connection.execute((Path(__file__).parent / "roles.sql").read_text())
        for role in ("fitpro_app", "fitpro_auth"):
            for name, value in (("statement_timeout", statement_timeout_ms), ("lock_timeout", lock_timeout_ms)):
                connection.execute(sql.SQL("alter role {} set {} = {}").format(sql.Identifier(role), sql.Identifier(name), sql.Literal(f"{value}ms")))
        for role in LOGINS:
            connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password(role))))
        create_database(connection, database)


def create_database(connection: psycopg.Connection[tuple[object, ...]], database: str, *, template: str | None = None) -> None:
    """A database owned by fitpro_owner, where nobody else may create or keep temporary tables. Idempotent."""
    if connection.execute("select from pg_database where datname = %s", (database,)).fetchone() is not None:
        return
    name = sql.Identifier(database)
    source = sql.SQL(" template {}").format(sql.Identifier(template)) if template else sql.SQL("")
    connection.execute(sql.SQL("create database {} owner fitpro_owner{}").format(name, source))
    connection.execute(sql.SQL("revoke all on database {} from public").format(name))
    connection.execute(sql.SQL("grant connect on database {} to fitpro_app, fitpro_auth, fitpro_relay, fitpro_backup").format(name))
    if not template:
        with psycopg.connect(connection.info.dsn, password=connection.info.password, dbname=database, autocommit=True) as inside:
            inside.execute("alter schema public owner to fitpro_owner")
            inside.execute("revoke all on schema public from public")
