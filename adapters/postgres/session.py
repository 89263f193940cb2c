"""SQLAlchemy's ORM session on the unit of work's own connection, in the same transaction. Commit and rollback stay with the unit of work."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import NullPool

from adapters.postgres.work import UnitOfWork

_work: ContextVar[UnitOfWork] = ContextVar("fitpro_orm_work")


class BorrowedDialect(PGDialect_psycopg):
    """psycopg's dialect on a connection it does not own: it neither begins, commits nor closes."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None: ...

    def do_commit(self, dbapi_connection: Any) -> None: ...

    def do_rollback(self, dbapi_connection: Any) -> None: ...

    def do_close(self, dbapi_connection: Any) -> None: ...

    def do_terminate(self, dbapi_connection: Any) -> None: ...

    def initialize(self, connection: Any) -> None:
        # Asked of the server otherwise, in the middle of somebody's transaction.
        self.server_version_info = (15,)
        self.default_schema_name = "public"

    def on_connect(self) -> None:
        return None


registry.register("postgresql.borrowed", __name__, "BorrowedDialect")
_engine = sa.create_engine(
    "postgresql+borrowed://", creator=lambda: _work.get().connection(), poolclass=NullPool, pool_reset_on_return=None
)


@event.listens_for(_engine, "before_cursor_execute")
def _queued_writes_first(*_: object) -> None:
    _work.get().flush()


def session(work: UnitOfWork) -> orm.Session:
    """The session of this unit of work; the same one each time. Its pending changes are flushed before the commit."""
    existing: orm.Session | None = getattr(work, "orm_session", None)
    if existing is None:
        _work.set(work)
        existing = orm.Session(_engine, expire_on_commit=False, autoflush=True)
        work.orm_session = existing  # type: ignore[attr-defined]
        work.before_commit.append(existing.flush)
    return existing
