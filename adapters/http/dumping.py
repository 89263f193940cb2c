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
    fields.Line, fields.Name, fields.Email, fields.Url, fields.Timezone, fields.Currency, fields.Money,
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
    nested = {name: compile_dump(inner.schema) for name, field in schema.dump_fields.items() if (inner := _nested(field)) is not None}

    def dump(item: Any) -> Any:
        if type(item) is orjson.Fragment:
            return item
        if type(item) is dict and (tuple(item) == names or item.keys() == wanted):
            shown = item
        elif isinstance(item, Mapping):
            shown = {name: item[name] for name in names if name in item}
        else:
            shown = {name: getattr(item, name) for name in names if hasattr(item, name)}
        return {**shown, **_inside(shown, nested)} if nested else shown

    return dump


def _inside(shown: Mapping[str, Any], nested: Mapping[str, Dump]) -> dict[str, Any]:
    """What a row holds in its nested fields, dumped."""
    found = {}
    for name, dump in nested.items():
        value = shown.get(name)
        if isinstance(value, list | tuple):
            found[name] = [dump(each) for each in value]
        elif value is not None:
            found[name] = dump(value)
    return found


def _nested(field: ma.fields.Field[Any]) -> fields.Nested | None:
    """The nested field that a field is, or lists."""
    inner = field.inner if type(field) is fields.List else field
    return inner if type(inner) is fields.Nested else None


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
    if type(field) is fields.Nested:
        return not field.many and not field.only and not field.exclude and is_plain(field.schema)
    return type(field) in _PLAIN
