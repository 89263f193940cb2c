"""Statements: several writes in one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from adapters.postgres.statements import sql, statement, together

FIRST = sql("insert into a values ($1, $2, $2)", "id", "name")
SECOND = sql("insert into b values ($2, $1)", "name", "parts", json=("parts",))


def test_parameters_of_one_name_are_one_parameter() -> None:
    both = together(FIRST, SECOND)
    assert both.text == "with write_1 as (insert into a values ($1, $2, $2)) insert into b values ($3, $2)"
    assert both.parameters == ("id", "name", "parts")
    assert both.bind({"id": 1, "name": "Ana", "parts": ["x"]}, {}) == [b"1", b"Ana", b'["x"]']


def test_more_than_nine_parameters_keep_their_places() -> None:
    wide = sql("insert into c values (" + ", ".join(f"${n}" for n in range(1, 13)) + ")", *(f"p{n}" for n in range(1, 13)))
    assert together(FIRST, wide).text.endswith("insert into c values (" + ", ".join(f"${n}" for n in range(3, 15)) + ")")


def test_constants_of_one_name_and_different_values_are_refused() -> None:
    table = sa.table("t", sa.column("x"))
    one, other = (statement(sa.update(table).values(x=sa.func.lower(value))) for value in ("a", "b"))
    assert set(one.defaults) & set(other.defaults)
    with pytest.raises(ValueError, match="different constants"):
        together(one, other)
