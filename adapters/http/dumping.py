"""Answers: a marshmallow schema compiled once into a function that shapes rows for orjson.

A schema of plain fields needs no marshmallow at run time: orjson writes UUIDs, datetimes, enums and dataclasses itself. Everything else
(renamed, computed, nested fields, hooks) is dumped by marshmallow, so the answer is the same either way, which a test shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import marshmallow as ma
import orjson

from adapters.http import fields
from kernel.money import Money

Dump = Callable[[Any], Any]

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
# Not times of day: orjson 3.13 writes 00:00:00.010000 as 00:00:00.10000.
_PLAIN = (
    fields.String, fields.Integer, fields.Boolean, fields.UUID, fields.DateTime, fields.Date, fields.Dict, fields.Raw,
    fields.Email, fields.Url, fields.Timezone,
)  # fmt: skip
_HOOKS = ("pre_dump", "post_dump")


def to_json(value: Any) -> bytes:
    """JSON text. TypeError for what has no JSON form."""
    return orjson.dumps(value, default=_other, option=OPTIONS)


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def compile_dump(schema: ma.Schema | None) -> Dump:
    """The function that shapes one item of this schema."""
    if schema is None:
        return lambda item: item
    if not is_plain(schema):
        return schema.dump
    names = tuple(schema.dump_fields)
    wanted = frozenset(names)

    def dump(item: Any) -> Any:
        if type(item) is dict and (tuple(item) == names or item.keys() == wanted):
            return item
        if isinstance(item, Mapping):
            return {name: item[name] for name in names if name in item}
        return {name: getattr(item, name) for name in names if hasattr(item, name)}

    return dump


def is_plain(schema: ma.Schema) -> bool:
    """Whether every field leaves as it is, under its own name."""
    if any(schema._hooks.get(kind) for kind in _HOOKS):
        return False
    return all(_is_plain(name, field) for name, field in schema.dump_fields.items())


def _is_plain(name: str, field: ma.fields.Field[Any]) -> bool:
    if field.attribute not in (None, name) or field.data_key not in (None, name) or field.dump_default is not ma.missing:
        return False
    if type(field) is fields.List:
        return _is_plain(name, field.inner) if field.inner.attribute is None else False
    return type(field) in _PLAIN
