"""Statements: SQLAlchemy Core in, SQL text and an ordered list of parameters out, once, at import."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import JSON

# The dialect whose placeholders are $1, $2 with type casts, as the wire protocol wants them. Only its compiler is used, never its driver.
_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_names = itertools.count(1)

Encoded = bytes | None


class Statement:
    """One SQL statement, compiled. `text` uses $n; `parameters` names what is bound to each.

    locks: it holds row locks, so it needs a transaction that outlives it. Build it with `statement()`.
    """

    __slots__ = ("columns", "defaults", "json_names", "locks", "name", "parameters", "raw", "shapes", "text")

    def __init__(self, text: str, parameters: tuple[str, ...], defaults: Mapping[str, object], locks: bool, json_names: frozenset[str]) -> None:
        self.text = text
        self.raw = text.encode()
        self.columns: tuple[str, ...] = ()  # known after the first answer, as is what some of them still need on their way out
        self.shapes: tuple[tuple[int, Callable[[str], object]], ...] = ()
        self.parameters = parameters
        self.defaults = dict(defaults)
        self.locks = locks
        self.name = b"fp%d" % next(_names)
        self.json_names = json_names

    def bind(self, given: Mapping[str, object], context: Mapping[str, object]) -> list[Encoded]:
        """Parameters in order, in the text format of the wire. KeyError names a missing one."""
        found, encoder = {**self.defaults, **context, **given}, _ENCODERS.get
        if self.json_names:
            return [encode_json(found[name]) if name in self.json_names else encode(found[name]) for name in self.parameters]
        values = [found[name] for name in self.parameters]
        return [(encoder(type(value)) or _inherited(value))(value) for value in values]  # `encode`, for the hot path without its call


def statement(source: sa.sql.expression.ClauseElement) -> Statement:
    """Compile a SQLAlchemy Core statement. Every `sa.bindparam("x")` without a value becomes a required parameter x.

    `in_()` over a list is not supported: use `column == sa.func.any(sa.bindparam("ids", type_=sa.ARRAY(...)))`.
    """
    compiled = source.compile(dialect=_DIALECT)
    order = tuple(getattr(compiled, "positiontup", None) or ())
    binds = compiled.binds  # type: ignore[attr-defined]
    defaults = {name: binds[name].effective_value for name in order if not binds[name].required}
    json_names = frozenset(name for name in order if isinstance(binds[name].type, JSON))
    return Statement(str(compiled), order, defaults, getattr(source, "_for_update_arg", None) is not None, json_names)


def sql(text: str, *parameters: str, locks: bool = False, json: tuple[str, ...] = ()) -> Statement:
    """A statement written as SQL with $1, $2 … bound to `parameters` in order. json: those that are JSON documents."""
    return Statement(text, parameters, {}, locks, frozenset(json))


def together(*writes: Statement) -> Statement:
    """Several writes as one statement, for what always happens at once: in no order to rely on, none sees the others' rows, triggers and
    foreign keys look when all are done. Parameters of one name are one parameter. Its count is the last one's. None may begin with `with`.
    """
    names = tuple(dict.fromkeys(name for each in writes for name in each.parameters))

    def renumbered(each: Statement) -> str:
        return re.sub(r"\$(\d+)", lambda found: f"${names.index(each.parameters[int(found[1]) - 1]) + 1}", each.text)

    texts = [renumbered(each) for each in writes]
    before = ", ".join(f"write_{n} as ({text})" for n, text in enumerate(texts[:-1], 1))
    defaults = {name: value for each in writes for name, value in each.defaults.items()}
    if any(defaults[name] != value for each in writes for name, value in each.defaults.items()):
        raise ValueError("two of these statements name different constants alike")
    json_names = frozenset[str]().union(*(each.json_names for each in writes))
    return Statement(f"with {before} {texts[-1]}", names, defaults, any(each.locks for each in writes), json_names)


def encode_json(value: Any) -> Encoded:
    return None if value is None else orjson.dumps(value, default=str)


def encode(value: Any) -> Encoded:
    """A Python value in PostgreSQL's text format. TypeError for types without one."""
    encoder = _ENCODERS.get(type(value)) or _inherited(value)
    return encoder(value)


def _inherited(value: Any) -> Callable[[Any], Encoded]:
    """For subclasses (StrEnum, a datetime of a library): found by the base, remembered by the class."""
    if isinstance(value, Enum):
        return lambda member: encode(member.value)
    for kind, encoder in list(_ENCODERS.items()):
        if isinstance(value, kind):
            return _ENCODERS.setdefault(type(value), encoder)
    raise TypeError(f"cannot send {type(value).__name__} to PostgreSQL")


def _array(values: Any) -> bytes:
    return b"{" + b",".join([_element(item) for item in values]) + b"}"


def _element(value: Any) -> bytes:
    if value is None:
        return b"NULL"
    text = value.encode() if type(value) is str else encode(value) or b""
    if b'"' in text or b"\\" in text:
        text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"%b"' % text


def _iso(value: date | time) -> bytes:
    return value.isoformat().encode()


def _text(value: object) -> bytes:
    return str(value).encode()


_ENCODERS: dict[type[Any], Callable[[Any], Encoded]] = {
    str: str.encode,
    UUID: lambda value: b"%032x" % value.int,
    type(None): lambda _: None,
    bool: lambda value: b"t" if value else b"f",
    int: lambda value: b"%d" % value,
    float: _text,
    Decimal: _text,
    datetime: _iso,
    date: _iso,
    time: _iso,
    bytes: lambda value: b"\\x" + value.hex().encode(),
    tuple: lru_cache(1024)(_array),
    list: _array,
    set: _array,
    frozenset: _array,
    dict: encode_json,
}
