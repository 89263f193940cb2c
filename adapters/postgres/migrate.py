"""Migrations: one branch, one folder and one version table per plugin, so that a removed package breaks nobody else's history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.pool import NullPool

from adapters.postgres.lint import lint
from adapters.postgres.model import metadata

PLATFORM = "platform"
_LOCK = 0x66697470726F  # "fitpro": one upgrade at a time per database


@dataclass(frozen=True, slots=True)
class Branch:
    """A history: its id, the folder of its revisions (None when it has no tables), the tables it owns."""

    id: str
    folder: Path | None
    tables: frozenset[str]

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.id}"

    def head(self) -> str | None:
        """The newest revision, None without any. Raises alembic.util.CommandError on several heads."""
        if self.folder is None or not self.folder.is_dir():
            return None
        return ScriptDirectory.from_config(self.config()).get_current_head()

    def config(self, connection: sa.Connection | None = None) -> Config:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.folder))
        config.attributes.update(
            connection=connection,
            metadata=metadata,
            version_table=self.version_table,
            include_name=self._ours,
            include_object=self._comparable,
        )
        return config

    def _ours(self, name: str | None, kind: str, parents: Any) -> bool:
        return kind != "table" or name in self.tables

    def _comparable(self, object: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        if kind == "foreign_key_constraint" and reflected and compare_to is None and "client_id" in object.column_keys:
            return False  # of the plugin that keeps clients, which adds it to tables of plugins that do not require it
        return kind != "table" or name in self.tables


@contextmanager
def owner(conninfo: str) -> Iterator[sa.Connection]:
    """The owner's connection in one transaction, seeing tenant rows (maintenance is on)."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("set local app.maintenance = 'on'")
            yield connection
    finally:
        engine.dispose()


def upgrade(conninfo: str, branches: Sequence[Branch], *, requires: Callable[[str], Sequence[str]]) -> dict[str, str]:
    """Bring every branch to its head, in the order given, one transaction each with the catalogue lint inside.

    Returns id → reason for those that failed and were rolled back; a branch that needs a failed one is not tried. The platform's own
    failure is raised.
    """
    failed: dict[str, str] = {}
    with psycopg.connect(conninfo, autocommit=True) as guard:
        guard.execute("set lock_timeout = 0")
        guard.execute("select pg_advisory_lock(%s)", (_LOCK,))
        for branch in branches:
            if branch.folder is None:
                continue
            if blocked := [needed for needed in requires(branch.id) if needed in failed]:
                failed[branch.id] = f"requires {blocked[0]}, which failed"
                continue
            try:
                with owner(conninfo) as connection:
                    command.upgrade(branch.config(connection), "heads")
                    connection.exec_driver_sql(f"grant select on {branch.version_table} to fitpro_app, fitpro_backup")
                    if problems := lint(connection, branch.tables):
                        raise LintError("; ".join(problems))
            except Exception as error:
                if branch.id == PLATFORM:
                    raise
                failed[branch.id] = f"migration failed: {type(error).__name__}: {error}"
    return failed


def downgrade(conninfo: str, branch: Branch) -> None:
    """Undo every migration of a branch and forget its history. Idempotent."""
    with owner(conninfo) as connection:
        if branch.folder is not None and current(connection, branch) is not None:
            command.downgrade(branch.config(connection), "base")
        connection.exec_driver_sql(f"drop table if exists {branch.version_table}")


class LintError(Exception):
    """A migration left the catalogue unsafe; the message lists every problem."""


def current(connection: sa.Connection, branch: Branch) -> str | None:
    """The revision the database is at; None when nothing of the branch was applied."""
    if not connection.execute(sa.text("select to_regclass(:name)"), {"name": branch.version_table}).scalar():
        return None
    return connection.execute(sa.text(f"select version_num from {branch.version_table}")).scalar()


def pending(conninfo: str, branches: Sequence[Branch]) -> dict[str, str]:
    """id → sentence for each branch whose tables are not at its head. Works as any role that may read the version tables."""
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool)
    found = {}
    with engine.connect() as connection:
        for branch in branches:
            try:
                head = branch.head()
                at = current(connection, branch) if head else None
            except Exception as error:  # noqa: BLE001 - a third party's migration folder may hold anything
                found[branch.id] = f"migrations cannot be read: {type(error).__name__}: {error}"
                continue
            if head and at != head:
                found[branch.id] = f"pending migration: the database is at {at or 'nothing'}, the code at {head}; run `fitpro db upgrade`"
            elif branch.tables and not head:
                found[branch.id] = "has tables but no migrations"
    engine.dispose()
    return found


def tables(conninfo: str) -> frozenset[str]:
    """Every table there is."""
    with owner(conninfo) as connection:
        return frozenset(sa.inspect(connection).get_table_names())


def differences(conninfo: str, branch: Branch) -> list[str]:
    """What autogenerate would change: empty when the migrations match the models."""
    with owner(conninfo) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": branch.version_table,
                "include_name": branch._ours,
                "include_object": branch._comparable,
                "compare_type": _retyped,
                "target_metadata": metadata,
            },
        )
        return [str(change) for change in compare_metadata(context, metadata)]


def _retyped(context: MigrationContext, column: sa.Column[Any], declared: sa.Column[Any], found: Any, wanted: Any) -> bool | None:
    """Whether a column's type is another; None leaves it to Alembic. A domain is the type it is made of, with a check: models name the type."""
    if not isinstance(found, DOMAIN) or isinstance(wanted, DOMAIN):
        return None
    return bool(context.impl.compare_type(sa.Column(column.name, found.data_type), declared))
