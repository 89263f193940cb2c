"""psycopg's SQLAlchemy dialect for a connection somebody else owns."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg


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
