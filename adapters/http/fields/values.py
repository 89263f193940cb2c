"""Numbers and booleans: JSON types in a body, plain ASCII text in a query."""

from __future__ import annotations

import decimal
import math
import re
from typing import Any, Final

import marshmallow as ma
from marshmallow import validate

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

# 15 significant digits survive the way through a binary64 number and back unchanged.
_DECIMAL_DIGITS: Final = 15
_INTEGER_TEXT: Final = re.compile(r"-?[0-9]{1,19}")
_NUMBER_TEXT: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")


class FromText:
    """A field that a query schema tells to read the text of a value instead of the JSON value."""

    from_text: bool = False

    def read_text(self) -> None:
        """From now on values arrive as text."""
        self.from_text = True


class Raw(ma.fields.Raw):
    """Any JSON value; only for what another validator checks."""


class Integer(FromText, ma.fields.Integer):
    """A whole number in int64. `1.0`, `true` and (in a body) `"1"` are refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.validators.insert(0, validate.Range(INT64_MIN, INT64_MAX))
        self.metadata = {"format": "int64", **self.metadata}

    def _validated(self, value: Any) -> int:
        if self.from_text and isinstance(value, str) and _INTEGER_TEXT.fullmatch(value):
            return int(value)
        if self.from_text or type(value) is not int:
            raise self.make_error("invalid")
        return value


class Float(FromText, ma.fields.Float):
    """A finite binary64 number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_nan=False, **kwargs)

    def _validated(self, value: Any) -> float:
        if self.from_text:
            if not isinstance(value, str) or not _NUMBER_TEXT.fullmatch(value):
                raise self.make_error("invalid")
        elif type(value) not in (int, float):
            raise self.make_error("invalid")
        try:
            number = float(value)
        except OverflowError:
            raise self.make_error("too_large") from None
        if not math.isfinite(number):
            raise self.make_error("special")
        return number


class Decimal(FromText, ma.fields.Decimal):
    """An exact decimal of at most 15 significant digits, a JSON number both ways (weights and measures; not money).

    places: at most so many digits after the point.
    """

    default_error_messages = {  # noqa: RUF012 - marshmallow's own convention
        "places": "At most {places} digits after the point.",
        "digits": "At most 15 significant digits.",
    }

    def __init__(self, places: int | None = None, **kwargs: Any) -> None:
        super().__init__(places, allow_nan=False, **kwargs)
        self.max_places = places

    def _validated(self, value: Any) -> decimal.Decimal:
        if self.from_text:
            if not isinstance(value, str) or not _NUMBER_TEXT.fullmatch(value):
                raise self.make_error("invalid")
        elif type(value) not in (int, float):
            raise self.make_error("invalid")
        number = decimal.Decimal(str(value))
        if not number.is_finite():
            raise self.make_error("special")
        _, digits, exponent = number.normalize().as_tuple()
        if len(digits) > _DECIMAL_DIGITS or not isinstance(exponent, int) or not -_DECIMAL_DIGITS <= exponent <= 15:
            raise self.make_error("digits")
        if self.max_places is not None and -exponent > self.max_places:
            raise self.make_error("places", places=self.max_places)
        return number

    def _serialize(self, value: decimal.Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else float(value)


class Boolean(FromText, ma.fields.Boolean):
    """`true` or `false`, nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if self.from_text:
            if value == "true" or value == "false":
                return bool(value == "true")
        elif value is True or value is False:
            return bool(value)
        raise self.make_error("invalid")
