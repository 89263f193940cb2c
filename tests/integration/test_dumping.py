"""The compiled dump writes the JSON that marshmallow's own dump writes, for every response schema of every plugin."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import keyword
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.http import dumping, fields
from adapters.http.dumping import compile_dump, is_plain, to_json
from adapters.http.gateway import Gateway
from adapters.http.schema import Schema
from kernel.money import Money

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
MOMENTS = st.integers(-(2**31), 2**32).flatmap(
    lambda s: st.integers(0, 999_999).map(lambda us: dt.datetime.fromtimestamp(s, dt.UTC).replace(microsecond=us))
)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
BY_TYPE: tuple[tuple[type[Any], st.SearchStrategy[Any]], ...] = (
    (fields.UUID, st.uuids()),
    (fields.DateTime, MOMENTS),
    (fields.Date, st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))),
    (fields.Time, st.times()),
    (fields.Boolean, st.booleans()),
    (fields.Integer, st.integers(-(2**63), 2**63 - 1)),
    (fields.Float, st.floats(allow_nan=False, allow_infinity=False)),
    (fields.Decimal, st.decimals(-1000, 1000, places=2)),
    (fields.Money, st.builds(Money, st.integers(-(2**53), 2**53), st.sampled_from(("EUR", "BRL")))),
    (fields.Dict, st.dictionaries(TEXTS, JSON, max_size=3)),
    (fields.Raw, JSON),
    (fields.String, TEXTS),
)


def values(field: ma.fields.Field[Any]) -> st.SearchStrategy[Any]:
    """What a service may hand over for a field."""
    if isinstance(field, ma.fields.Nested) and not isinstance(field, fields.Money):
        made = items(field.schema)
        found: st.SearchStrategy[Any] = st.lists(made, max_size=3) if field.many else made
    elif isinstance(field, ma.fields.List):
        found = st.lists(values(field.inner), max_size=3)
    elif isinstance(field, ma.fields.Enum):
        found = st.sampled_from(list(field.enum)) | st.sampled_from([each.value for each in field.enum])
    else:
        found = next(strategy for kind, strategy in BY_TYPE if isinstance(field, kind))
    return st.none() | found if field.allow_none else found


def items(schema: ma.Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Rows of a schema: all of it, some of it (a view for fewer eyes), or more than it shows."""
    every = {field.attribute or name: values(field) for name, field in schema.dump_fields.items()}
    more = {**every, "secret_hash": TEXTS}
    # Where a mapping without a name has a method of it, marshmallow takes the method for the value.
    always = {name: each for name, each in every.items() if hasattr(dict, name)}
    some = st.fixed_dictionaries(always, optional={name: each for name, each in every.items() if name not in always})
    return st.one_of(st.fixed_dictionaries(every), st.fixed_dictionaries(more), some)


def as_mapping(item: dict[str, Any]) -> Any:
    return item


def as_object(item: dict[str, Any]) -> Any:
    return SimpleNamespace(**item)


def as_dataclass(item: dict[str, Any]) -> Any:
    kind: Any = dataclasses.make_dataclass("Row", list(item), slots=True, frozen=True)
    return kind(**item)


FORMS = st.sampled_from((as_mapping, as_object, as_dataclass))
Form = Callable[[dict[str, Any]], Any]


def response_schemas(gateway: Gateway) -> dict[str, ma.Schema]:
    return {
        compiled.operation.id: compiled.operation.marks.response
        for compiled in gateway.compiled.values()
        if compiled.operation.marks.response is not None
    }


def check(schema: ma.Schema, examples: int) -> None:
    """Property: both dumps are the same JSON, to the byte except for the order of names."""
    dump = compile_dump(schema)

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(items(schema), FORMS)
    def same(item: dict[str, Any], form: Form) -> None:
        if form is as_dataclass and not all(name.isidentifier() and not keyword.iskeyword(name) for name in item):
            return
        given_item = form(item)
        assert parsed(dump(given_item)) == parsed(schema.dump(given_item))

    same()


def parsed(value: Any) -> Any:
    """As a client reads it; numbers keep their spelling, so that 1 and 1.0 differ."""
    return json.loads(to_json(value), parse_float=Decimal)


def test_the_compiled_dump_equals_marshmallows_for_every_response(gateway: Gateway) -> None:
    schemas = response_schemas(gateway)
    assert len(schemas) >= 15
    for schema in {type(each): each for each in schemas.values()}.values():
        check(schema, 40)


def test_some_responses_are_plain_and_some_are_not(gateway: Gateway) -> None:
    """Otherwise one of the two ways would go untested."""
    assert {is_plain(each) for each in response_schemas(gateway).values()} == {True, False}


@pytest.mark.torture
def test_the_compiled_dump_equals_marshmallows_at_length(gateway: Gateway) -> None:
    for schema in {type(each): each for each in response_schemas(gateway).values()}.values():
        check(schema, 2_000)


class Colour(enum.Enum):
    RED = "red"


class EverythingSchema(Schema):
    """Every field there is, and every way to make one unplain."""

    id = fields.UUID()
    text = fields.String(allow_none=True)
    number = fields.Integer()
    ratio = fields.Float()
    weight = fields.Decimal(places=2)
    price = fields.Money()
    flag = fields.Boolean()
    at = fields.DateTime()
    day = fields.Date()
    clock = fields.Time()
    zone = fields.Timezone()
    link = fields.Url()
    mail = fields.Email()
    anything = fields.Raw()
    names = fields.Dict()
    colour = fields.Enum(Colour)
    ids = fields.List(fields.UUID())
    days = fields.List(fields.List(fields.Date()))
    renamed = fields.String(data_key="otherName")
    moved = fields.String(attribute="elsewhere")


@pytest.mark.parametrize("name", EverythingSchema().dump_fields)
def test_each_field_alone_is_dumped_as_marshmallow_does(name: str) -> None:
    check(EverythingSchema(only=[name]), 40)


def test_all_fields_together_are_dumped_as_marshmallow_does() -> None:
    check(EverythingSchema(), 40)


@pytest.mark.parametrize("name", ["renamed", "moved", "weight", "clock"])
def test_a_compilation_that_takes_a_field_for_plain_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dumping, "_is_plain", lambda *_: True)
    with pytest.raises(AssertionError):
        check(EverythingSchema(only=[name]), 100)


def test_a_compilation_that_shows_everything_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "compile_dump", lambda _: lambda item: item)
    with pytest.raises((AssertionError, TypeError, ExceptionGroup)):
        check(EverythingSchema(only=["text"]), 100)
