"""SQLAlchemy's ORM session on the unit of work's own connection, in the same transaction. Commit and rollback stay with the unit of work."""

from __future__ import annotations

from contextvars import ContextVar

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import registry
from sqlalchemy.pool import NullPool

from adapters.postgres.work import UnitOfWork

_work: ContextVar[UnitOfWork] = ContextVar("fitpro_orm_work")


registry.register("postgresql.borrowed", "adapters.postgres.borrowed", "BorrowedDialect")
_engine = sa.create_engine("postgresql+borrowed://", creator=lambda: _work.get().connection(), poolclass=NullPool, pool_reset_on_return=None)


@event.listens_for(_engine, "before_cursor_execute")
def _queued_writes_first(*_: object) -> None:
    _work.get().flush()


def session(work: UnitOfWork) -> orm.Session:
    """The session of this unit of work; the same one each time. Its pending changes are flushed before the commit."""
    existing: orm.Session | None = getattr(work, "orm_session", None)
    _work.set(work)  # each time: an inner unit of work may have had its turn
    if existing is None:
        existing = orm.Session(_engine, expire_on_commit=False, autoflush=True)
        work.orm_session = existing  # type: ignore[attr-defined]
        work.before_commit.append(existing.flush)
        work.on_exit.append(existing.close)
    return existing
