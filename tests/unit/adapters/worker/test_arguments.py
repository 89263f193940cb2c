"""Stored JSON becomes what a function declares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import pytest

from adapters.worker.arguments import converted, hints
from kernel.money import Money


class Colour(Enum):
    RED = "red"


def declared(
    id: UUID, at: datetime, day: date, hour: time, price: Decimal, colour: Colour, maybe: UUID | None, none: UUID | None, many: list[UUID],
    pair: tuple[int, date], each: dict[str, date], several: Sequence[date], either: UUID | str, money: Money, anything: Any, text: str,
) -> None: ...  # fmt: skip


ID = UUID("01a209f1-8248-7c47-868e-9d1dd3a25ecf")
DAY = date(2026, 2, 28)
VALUES: dict[str, object] = {
    "id": ID, "at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "day": DAY, "hour": time(7, 30), "price": Decimal("1.10"), "colour": Colour.RED,
    "maybe": ID, "none": None, "many": [ID, ID], "pair": (1, DAY), "each": {"a": DAY}, "several": [DAY], "either": "not an id",
    "money": Money(100, "EUR"), "anything": {"x": [1]}, "text": "2026-02-28",
}  # fmt: skip


def test_every_declared_type_survives_storage() -> None:
    stored = orjson.loads(orjson.dumps(VALUES, default=str))
    assert converted(stored, hints(declared)) == VALUES


def test_a_value_without_a_type_stays_as_it_was_stored() -> None:
    assert converted({"x": "2026-02-28"}, {}) == {"x": "2026-02-28"}


@pytest.mark.parametrize(("name", "value"), [("id", "no"), ("at", "yesterday"), ("many", ["no"]), ("colour", "blue"), ("pair", [1])])
def test_a_value_that_cannot_be_its_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        converted({name: value}, hints(declared))
