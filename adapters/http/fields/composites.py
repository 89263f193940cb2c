"""Fields that hold others: lists, objects, money."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

import marshmallow as ma
from marshmallow import validate

from adapters.http.fields.currencies import Currency
from adapters.http.fields.reading import Read, compile_read
from adapters.http.fields.values import INT64_MAX, FromText, Integer
from kernel import money

MAX_ITEMS: Final = 1_000


class Nested(ma.fields.Nested):
    """An object with its own schema."""


class List(ma.fields.List[Any]):
    """A list of at most `max_items` values."""

    def __init__(self, inner: ma.fields.Field[Any] | type[ma.fields.Field[Any]], *, max_items: int = MAX_ITEMS, **kwargs: Any) -> None:
        super().__init__(inner, **kwargs)
        self.max_items = max_items
        self.validators.insert(0, validate.Length(max=max_items))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        # Counted before the items are read: a million bad ones must not make a million errors.
        if len(value) > self.max_items:
            validate.Length(max=self.max_items)(value)
        if not kwargs and self._read_item is not None:  # with keywords as of a partial load
            with suppress(ma.ValidationError):
                return [self._read_item(item, None, None) for item in value]
        return super()._deserialize(value, attr, data, **kwargs)  # which names every fault, by its place

    @cached_property
    def _read_item(self) -> Read | None:
        """None for what holds others: loading a wrong one a second time would be twice the work for every level."""
        return None if isinstance(self.inner, ma.fields.Nested | ma.fields.List) else compile_read(self.inner)


class DelimitedList(FromText, List):
    """A list written as one text, `a,b,c`, in a query parameter; empty text is the empty list."""

    default_error_messages = {"invalid": "Not a comma-separated list."}  # noqa: RUF012 - as marshmallow declares it

    def __init__(self, inner: ma.fields.Field[Any] | type[ma.fields.Field[Any]], *, max_items: int = 100, **kwargs: Any) -> None:
        super().__init__(inner, max_items=max_items, **kwargs)

    def read_text(self) -> None:
        super().read_text()
        if isinstance(self.inner, FromText):
            self.inner.read_text()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if type(value) is not str:
            raise self.make_error("invalid")
        return super()._deserialize(value.split(",") if value else [], attr, data, **kwargs)


class Dict(ma.fields.Dict):
    """An object with names of the caller's choice, at most `max_items`."""

    default_error_messages = {"invalid": "Must be an object."}  # noqa: RUF012 - as marshmallow declares it

    def __init__(self, *, max_items: int = MAX_ITEMS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_items = max_items

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if isinstance(value, Mapping) and len(value) > self.max_items:
            raise ma.ValidationError(f"At most {self.max_items} names.")
        try:
            loaded: dict[str, Any] = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ma.ValidationError as error:
            raise self._by_name(error) from None
        return loaded

    @staticmethod
    def _by_name(error: ma.ValidationError) -> ma.ValidationError:
        """marshmallow puts `key` or `value` below each name; a pointer into the body has no such step."""
        if not isinstance(error.messages, dict):
            return error
        flat = {name: found.get("key") or found.get("value") for name, found in error.messages.items()}
        return ma.ValidationError(flat)


class MoneySchema(ma.Schema):
    """An amount of money."""

    class Meta:
        unknown = ma.RAISE
        title = "Money"

    error_messages = {"unknown": "Unknown field.", "type": "Must be an object."}  # noqa: RUF012 - as marshmallow declares it

    amount = Integer(
        required=True,
        validate=validate.Range(-INT64_MAX, INT64_MAX),
        metadata={"description": "Whole minor units, such as cents.", "example": 4900},
    )
    currency = Currency(required=True, metadata={"description": "ISO 4217 code."})


class Money(Nested):
    """`{"amount": 4900, "currency": "EUR"}`, loaded as kernel.money.Money. Minor units, int64.

    minimum: the smallest amount allowed, in minor units.
    """

    def __init__(self, *, minimum: int | None = None, **kwargs: Any) -> None:
        super().__init__(MoneySchema, **kwargs)
        self.minimum = minimum

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> money.Money:
        # An amount without its currency means nothing: `partial` stops here.
        loaded = super()._deserialize(value, attr, data, partial=False, **kwargs)
        if self.minimum is not None and loaded["amount"] < self.minimum:
            raise ma.ValidationError({"amount": [f"Must be greater than or equal to {self.minimum}."]})
        return money.Money(loaded["amount"], loaded["currency"])
