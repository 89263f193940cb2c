"""Rows on their way out: the same spelling as values that were never in the database."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.postgres import wire


def as_postgres_writes(moment: dt.datetime) -> str:
    """ISO style in UTC: a space, no zeros at the end of the fraction, hours of the offset."""
    fraction = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}".rjust(19, "0") + f"{fraction}+00"


@pytest.mark.parametrize("microseconds", [0, 1, 10, 500_000, 123_000, 32_960, 999_999])
def test_a_moment_is_spelled_alike_from_the_database_and_from_python(microseconds: int) -> None:
    moment = dt.datetime(2026, 11, 23, 19, 50, 47, microseconds, dt.UTC)
    assert wire._SHAPED[1184](as_postgres_writes(moment)) == orjson.loads(orjson.dumps(moment, option=orjson.OPT_UTC_Z))


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_so_is_any_other(moment: dt.datetime) -> None:
    assert wire._SHAPED[1184](as_postgres_writes(moment)) == orjson.loads(orjson.dumps(moment, option=orjson.OPT_UTC_Z))


@pytest.mark.parametrize("text", ["infinity", "10000-01-01 00:00:00.12345+00", "0044-03-15 00:00:00.123+00 BC"])
def test_what_python_has_no_moment_for_is_not_cut_short(text: str) -> None:
    assert wire._moment(text).rstrip("Z").replace("T", " ").startswith(text[:19])
