"""Rows made up from nothing but the tables' own description, so that a contract can be tried on tables nobody told it about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.migrate import owner
from adapters.postgres.model import metadata
from config.databases import connections
from kernel.ids import new_id

if TYPE_CHECKING:
    from config.testing.hub import Studio

_SAMPLES: tuple[tuple[type[sa.types.TypeEngine[Any]], Callable[[], Any]], ...] = (
    (sa.Uuid, new_id),
    (JSONB, dict),
    (sa.ARRAY, list),
    (sa.Boolean, lambda: True),
    (sa.DateTime, lambda: datetime.now(UTC)),
    (sa.Date, lambda: date(2026, 1, 1)),
    (sa.Numeric, lambda: 1),
    (sa.Integer, lambda: 1),
    (sa.LargeBinary, lambda: b"x"),
    (sa.String, lambda: "x"),
)


class Rows:
    """Makes rows of any table in one workspace, with the rows they refer to. values: table → columns that must be just so."""

    def __init__(self, studio: Studio, client: str | None, values: Mapping[str, Mapping[str, Any]]) -> None:
        self._studio = studio
        self._client = UUID(client) if client else None
        self._values = values
        self._made: dict[str, UUID] = {}

    def make(self, table: str) -> UUID:
        """The id of a row; the same one when asked again."""
        if table == "clients" and self._client is not None:
            return self._client
        if table not in self._made:
            found = metadata.tables[table]
            row = {column.name: value for column in found.columns if (value := self._value(found, column)) is not None}
            with owner(connections(self._studio.hub.settings).owner) as connection:
                connection.execute(sa.insert(found).values(row))
            self._made[table] = row["id"]
        return self._made[table]

    def _value(self, table: sa.Table, column: sa.Column[Any]) -> Any:
        given = self._values.get(table.name, {})
        if column.name in given:
            return given[column.name]
        if column.name == "workspace_id":
            return UUID(self._studio.id)
        if column.name == "client_id" and self._client is not None:
            return self._client
        if column.nullable or (column.server_default is not None and not column.primary_key):
            return None
        if (target := _target(table, column)) is not None:
            return UUID(self._studio.owner.user_id) if target in ("user_roles", "users") else self.make(target)
        if isinstance(column.default, sa.ColumnDefault) and column.default.is_scalar:
            return column.default.arg
        return next((sample() for kind, sample in _SAMPLES if isinstance(column.type, kind)), None)


def _target(table: sa.Table, column: sa.Column[Any]) -> str | None:
    for key in table.foreign_key_constraints:
        if column.name in key.column_keys and column.name != "workspace_id":
            return key.elements[0].target_fullname.split(".")[0]
    return None
