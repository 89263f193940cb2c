"""Faults put in on purpose: a test that misses them proves nothing (security.md, rule 0)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import psycopg
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from adapters.postgres.lint import lint


@contextlib.contextmanager
def inside(dsn: str, *statements: str) -> Iterator[sa.Connection]:
    """A superuser's transaction in which the statements have run. Nothing of it stays."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            yield connection
            connection.rollback()
    finally:
        engine.dispose()


def complaints(dsn: str, *statements: str) -> list[str]:
    """What the lint says with the fault in, that it did not say before."""
    with inside(dsn) as connection:
        before = lint(connection)
    with inside(dsn, *statements) as connection:
        return [each for each in lint(connection) if each not in before]


_RULES = """
select format('policy %s.%s %s %s %s %s %s', tablename, policyname, permissive, roles, cmd, qual, with_check) from pg_policies
union all select format('table %s %s %s', relname, relrowsecurity, relforcerowsecurity) from pg_class where relnamespace = 'public'::regnamespace
union all select format('constraint %s %s', conname, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
union all select format('trigger %s %s', pg_get_triggerdef(oid), tgenabled) from pg_trigger where not tgisinternal
union all select pg_get_functiondef(oid) from pg_proc where pronamespace = any ('{app,public}'::regnamespace[]) and prokind = 'f'
"""
"""Everything in the catalogue that keeps rows apart, a line each."""


@contextlib.contextmanager
def planted(dsn: str, put_in: str, take_out: str) -> Iterator[None]:
    """A fault that everybody sees while the block runs, and that nobody meets after it: what is taken out is compared with what was."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        before = set(connection.execute(_RULES))
        connection.execute(put_in)
        try:
            yield
        finally:
            connection.execute(take_out)
            assert set(connection.execute(_RULES)) ^ before == set(), "the fault was not taken out as it was put in"


def original(dsn: str, function: str) -> str:
    """The definition of a function, to put it back. function: as in `app.enter`."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute("select pg_get_functiondef(%s::regproc)", (function,)).fetchone()
    assert found is not None
    return str(found[0])


@contextlib.contextmanager
def rewritten(dsn: str, function: str, change: Callable[[str], str]) -> Iterator[None]:
    """A database function with a fault in its body while the block runs."""
    definition = original(dsn, function)
    faulty = change(definition)
    assert faulty != definition, "the fault changed nothing"
    with planted(dsn, faulty, definition):
        yield
