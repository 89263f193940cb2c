"""Rows on their way out: the same spelling as values that were never in the database."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest
from psycopg.adapt import Loader

from adapters.postgres import wire


@pytest.mark.parametrize("microseconds", [0, 1, 10, 500_000, 123_000, 32_960, 999_999])
def test_a_moment_is_spelled_alike_from_the_database_and_from_python(microseconds: int) -> None:
    moment = dt.datetime(2026, 11, 23, 19, 50, 47, microseconds, dt.UTC)
    fraction = f".{microseconds:06}".rstrip("0").rstrip(".")
    loader: type[Loader] = wire._documents.get_loader(1184, 0)  # type: ignore[assignment, arg-type]
    from_database = loader(1184).load(f"2026-11-23 19:50:47{fraction}+00".encode())
    assert from_database == orjson.loads(orjson.dumps(moment, option=orjson.OPT_UTC_Z))
