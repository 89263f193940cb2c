"""The base of every tenant table: composite key, version, timestamps, both-column references."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.context import current
from kernel.ids import new_id
from kernel.manifest import Manifest

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

owners: dict[str, str] = {}
"""Table → the plugin whose model declared it. Ownership is recorded, never guessed from a prefix."""

_REFERENCE = "fitpro_reference"
SEALED = "fitpro_sealed"
"""In a column's info: its values are sealed, and a change of keys seals them anew."""


def _workspace() -> uuid.UUID:
    workspace = current().scope.workspace_id
    if workspace is None:
        raise LookupError("there is no workspace in this operation")
    return workspace


class Model(orm.DeclarativeBase):
    """A row of a workspace. Subclass with `plugin=`: the table is `<plugin>_<class>` unless `__tablename__` (declared in `tables=`) says
    otherwise; `workspace_id, id, version, created_at, updated_at` come with it."""

    metadata = metadata
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: sa.DateTime(timezone=True),
        str: sa.Text(),
        dict[str, Any]: JSONB(),
        list[str]: sa.ARRAY(sa.Text()),
        list[uuid.UUID]: sa.ARRAY(sa.Uuid()),
        int: sa.BigInteger(),
    }
    __abstract__ = True

    workspace_id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=_workspace, sort_order=-20)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)
    version: Mapped[int] = mapped_column(server_default="1", default=1, sort_order=90)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(server_default=sa.func.now(), onupdate=sa.func.now(), sort_order=92)

    @orm.declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy's own convention
        # Fetch server defaults with the INSERT: a row read back after the commit would need a context that is gone.
        return {"version_id_col": cls.version, "eager_defaults": True}

    def __init_subclass__(cls, *, plugin: Manifest | None = None, **arguments: Any) -> None:
        if plugin is not None and "__tablename__" not in cls.__dict__:
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
            cls.__tablename__ = f"{plugin.id}_{snake}"
        super().__init_subclass__(**arguments)
        table = cls.__dict__.get("__table__")
        if plugin is None or table is None:
            return
        owners[table.name] = plugin.id
        for column in [c for c in table.columns if _REFERENCE in c.info]:
            _refer(table, column, *column.info[_REFERENCE])


def reference(table: str, *, on_delete: str = "restrict", **arguments: Any) -> orm.MappedColumn[Any]:
    """A column naming a row of `table` in the same workspace: the foreign key carries both columns, so it cannot cross tenants.

    on_delete: restrict, cascade or `set null`. A person is `reference("user_roles")`. A column named client_id decides what a Cliente sees.
    """
    if on_delete not in ("restrict", "cascade", "set null"):
        raise ValueError("on_delete is one of restrict, cascade, set null")
    return mapped_column(sa.Uuid(), info={_REFERENCE: (table, on_delete)}, **arguments)


def sealed(**arguments: Any) -> orm.MappedColumn[Any]:
    """A text column that holds what `ports.encryption` sealed for this table, column and the row's id. Mask it in `app.protect`."""
    return mapped_column(sa.Text(), info={SEALED: True}, **arguments)


def sealed_columns(plugin: str | None = None) -> list[tuple[str, str]]:
    """(table, column) of everything sealed, of one plugin or of all that are loaded."""
    found = (column for table in metadata.sorted_tables for column in table.columns if SEALED in column.info)
    return [(column.table.name, column.name) for column in found if plugin is None or owners.get(column.table.name) == plugin]


def _refer(table: sa.Table, column: sa.Column[Any], target: str, on_delete: str) -> None:
    key = "user_id" if target == "user_roles" else "id"
    action = f"SET NULL ({column.name})" if on_delete == "set null" else on_delete.upper()
    table.append_constraint(
        sa.ForeignKeyConstraint(
            ["workspace_id", column.name],
            [f"{target}.workspace_id", f"{target}.{key}"],
            ondelete=action,
            name=f"fk_{table.name}_{column.name}",
        )
    )
    sa.Index(f"ix_{table.name}_{column.name}", table.c.workspace_id, column)


def tables_of(plugin: str) -> Iterator[sa.Table]:
    """The tables a plugin's models declared."""
    return (metadata.tables[name] for name, owner in owners.items() if owner == plugin)
