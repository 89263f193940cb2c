"""What the statements of every family are put together from."""

from __future__ import annotations

from typing import Any

from plugins.sdk import sa


def bind(name: str, like: sa.Column[Any]) -> sa.BindParameter[Any]:
    """A parameter of a column's type."""
    return sa.bindparam(name, type_=like.type)


def unless_changed(version: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """True without an expected version (NULL), else only for that one."""
    expected = bind("expected", version)
    return sa.or_(expected.is_(None), version == expected)


def optional(column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """True without a value (NULL), else only for that one."""
    wanted = bind(name, column)
    return sa.or_(wanted.is_(None), column == wanted)


def after(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """The rows of the pages to come."""
    last = bind("after", column)
    return sa.or_(last.is_(None), column > last)


def version_of(expected: int | None) -> int | None:
    """`If-Match: *` (-1) asks for any version of a row that exists."""
    return None if expected == -1 else expected
