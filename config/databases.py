"""Connection strings of the database identities, embedded or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.bootstrap import prepare
from adapters.postgres.embedded import Embedded, EmbeddedError
from config.contradictions import unreadable
from config.secrets import role_password
from config.settings import Settings

DATABASE = "fitpro"


@dataclass(frozen=True, slots=True)
class Connections:
    """libpq connection strings, one per identity (anchored in design §5)."""

    app: str
    auth: str
    relay: str
    owner: str
    backup: str


def embedded(settings: Settings) -> Embedded:
    """The server under `home`; not started yet."""
    return Embedded(settings.home, password=lambda role: role_password(settings.secret_key, role))


def connections(settings: Settings, database: str = DATABASE) -> Connections:
    """Who connects how. In production the app and owner come from their URLs, the others are derived from the owner's."""
    if settings.database_url is None:
        server = embedded(settings)
        return Connections(*(server.dsn(f"fitpro_{role}", database) for role in ("app", "auth", "relay", "owner", "backup")))
    owner = settings.database_owner_url or settings.database_url

    def derived(role: str) -> str:
        return make_conninfo(owner, user=f"fitpro_{role}", password=role_password(settings.secret_key, f"fitpro_{role}"))

    return Connections(settings.database_url, derived("auth"), derived("relay"), owner, derived("backup"))


@contextmanager
def existing(settings: Settings) -> Iterator[None]:
    """As `running`, for what works with an installation that is there. Raises EmbeddedError where none is: nothing is made by a look at it."""
    if settings.embedded and not (settings.home / "postgres" / "PG_VERSION").exists():
        raise EmbeddedError(
            f"There is no FitPro Hub in {settings.home}: name its folder with FITPRO_HOME, or its database with DATABASE_URL, "
            "or make one with `make run`."
        )
    with running(settings):
        yield


@contextmanager
def running(settings: Settings) -> Iterator[Embedded | None]:
    """The embedded server up, its roles and database made, for the block; nothing to do when the database is somebody else's."""
    if not settings.embedded:
        yield None
        return
    with embedded(settings) as server:
        make(settings, server.dsn())
        yield server


def make(settings: Settings, superuser: str) -> None:
    """Make the roles and the database these settings name, as a superuser. Idempotent. Raises ValueError for what is no URL."""
    if why := unreadable(superuser):
        raise ValueError(f"The superuser's URL: {why}")
    known = {}
    for url in (settings.database_url, settings.database_owner_url):
        if url:
            parts = conninfo_to_dict(url)
            known[parts.get("user")] = parts.get("password")
    database = str(conninfo_to_dict(settings.database_url).get("dbname")) if settings.database_url else DATABASE
    prepare(
        superuser,
        database=database,
        password=lambda role: str(known.get(role) or role_password(settings.secret_key, role)),
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
    )


def reachable(conninfo: str) -> None:
    """Raises psycopg.OperationalError when the database does not answer within two seconds."""
    with psycopg.connect(conninfo, connect_timeout=2) as connection:
        connection.execute("select 1")


def nearby(settings: Settings) -> bool:
    """Whether the database works on this machine, or at least is reached on it."""
    if settings.database_url is None:
        return True
    hosts = str(conninfo_to_dict(settings.database_url).get("host") or "").split(",")
    return all(host.startswith(("/", "@")) or host in ("", "localhost", "127.0.0.1", "::1") for host in hosts)


def described(conninfo: str) -> str:
    """A connection string without its password, for people."""
    parts = conninfo_to_dict(conninfo)
    return f"{parts.get('user')}@{parts.get('host')}/{parts.get('dbname')}"
