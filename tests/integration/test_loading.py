"""The compiled load takes what marshmallow's own takes, means the same by it and refuses the rest in its words, for every body of every plugin."""

from __future__ import annotations

import itertools
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.http import fields, loading
from adapters.http.examples import example_of
from adapters.http.gateway import Gateway
from adapters.http.loading import compile_load, is_plain
from adapters.http.schema import Schema

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def bodies(schema: ma.Schema) -> st.SearchStrategy[Any]:
    """What clients send: the example, parts of it, some of it as something else, names nobody knows, no object at all."""
    example = example_of(schema, load=True)
    each = {name: st.just(value) | st.just(value) | JSON for name, value in example.items()}
    required = {field.data_key or name for name, field in schema.load_fields.items() if field.required}
    unknown = st.dictionaries(st.sampled_from(["id", "otherName", "fullName", ""]) | st.text(max_size=5), JSON, max_size=2)
    right = st.fixed_dictionaries(
        {name: st.just(example[name]) for name in required},
        optional={name: st.just(value) for name, value in example.items() if name not in required},
    )
    return st.one_of(right, st.fixed_dictionaries({}, optional=each), st.builds(lambda a, b: {**b, **a}, right, unknown), JSON)


def outcome(load: loading.Load, body: Any) -> tuple[Any, ...]:
    """What came of it, with types: True is not 1."""
    try:
        loaded = load(body)
    except ma.ValidationError as error:
        return ("refused", error.messages)
    return ("loaded", loaded, {name: type(value) for name, value in loaded.items()} if isinstance(loaded, dict) else type(loaded))


def check(schema: ma.Schema, examples: int) -> int:
    """Property: both loads come to the same. Returns how many bodies were taken."""
    load, taken = compile_load(schema), itertools.count()

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(bodies(schema))
    def same(body: Any) -> None:
        found = outcome(load, body)
        assert found == outcome(schema.load, body)
        if found[0] == "loaded":
            next(taken)

    same()
    return next(taken)


def body_schemas(gateway: Gateway) -> list[ma.Schema]:
    marks = [compiled.operation.marks for compiled in gateway.compiled.values()]
    return list({type(mark.body): mark.body for mark in marks if mark.body is not None}.values())


def test_the_compiled_load_equals_marshmallows_for_every_body(gateway: Gateway) -> None:
    taken = {type(schema).__name__: check(schema, 60) for schema in body_schemas(gateway)}
    assert len(taken) >= 40
    assert sum(1 for count in taken.values() if count) > len(taken) / 2, "most schemas took some of it, or this shows nothing"


def test_some_bodies_are_plain_and_some_are_not(gateway: Gateway) -> None:
    """Otherwise one of the two ways would go untested."""
    assert {is_plain(each) for each in body_schemas(gateway)} == {True, False}


@pytest.mark.torture
def test_the_compiled_load_equals_marshmallows_at_length(gateway: Gateway) -> None:
    for schema in body_schemas(gateway):
        check(schema, 3_000)


class EverythingSchema(Schema):
    """Ways to be missing, to be refused and to be called otherwise."""

    name = fields.String(required=True, min_length=1)
    nick = fields.String(allow_none=True)
    stage = fields.String(load_default="lead", validate=ma.validate.OneOf(["lead", "client"]))
    tags = fields.List(fields.String(), load_default=list)
    count = fields.Integer(load_default=None, allow_none=True)
    renamed = fields.String(data_key="otherName")
    moved = fields.UUID(attribute="elsewhere")


class DottedSchema(Schema):
    a = fields.String(attribute="in.side")


class HookedSchema(Schema):
    a = fields.Integer()

    @ma.validates("a")
    def _large(self, value: int, **_: object) -> None:
        if value < 1_000_000:  # so the example is refused too: most bodies show what it does
            raise ma.ValidationError("Too little.")


class MadeSchema(Schema):
    a = fields.Integer()

    @ma.post_load
    def _made(self, data: dict[str, Any], **_: object) -> Any:
        return tuple(data.items())


class GenerousSchema(Schema):
    a = fields.Integer()

    class Meta:
        unknown = ma.INCLUDE


SCHEMAS = [
    EverythingSchema(),
    EverythingSchema(partial=True),
    DottedSchema(),
    HookedSchema(),
    MadeSchema(),
    GenerousSchema(),
    EverythingSchema(many=True),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: f"{type(schema).__name__}{schema.partial or ''}{schema.many or ''}")
def test_each_kind_of_schema_is_loaded_as_marshmallow_does(schema: ma.Schema) -> None:
    check(schema, 200) if not schema.many else check_many(schema)


def check_many(schema: ma.Schema) -> None:
    for body in ([], [{"name": "Ana"}], [{"name": ""}], {"name": "Ana"}, None):
        assert outcome(compile_load(schema), body) == outcome(schema.load, body)


def test_a_default_is_made_anew_for_every_body() -> None:
    load = compile_load(EverythingSchema())
    load({"name": "Ana"})["tags"].append("vip")
    assert load({"name": "Rui"})["tags"] == []


@pytest.mark.parametrize(
    "schema", [EverythingSchema(partial=True), DottedSchema(), HookedSchema(), MadeSchema()], ids=lambda schema: type(schema).__name__
)
def test_a_compilation_that_takes_a_schema_for_plain_is_noticed(schema: ma.Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "is_plain", lambda _: True)
    with pytest.raises((AssertionError, ExceptionGroup)):
        check(schema, 300)


def test_a_compilation_that_takes_unknown_names_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "compile_load", lambda schema: type(schema)(unknown=ma.EXCLUDE).load)
    with pytest.raises((AssertionError, ExceptionGroup)):
        check(EverythingSchema(), 300)


def test_what_is_wrong_deep_down_is_looked_at_twice_and_not_twice_a_level() -> None:
    looked: list[str] = []

    class Branch(ma.Schema):
        branches = fields.List(fields.Nested(lambda: Branch()))
        leaf = fields.String(validate=looked.append)

    def grown(depth: int) -> dict[str, Any]:
        return {"leaf": "x" * 20_000} if depth == 0 else {"branches": [grown(depth - 1)], "leaf": "green"}

    with pytest.raises(ma.ValidationError):
        compile_load(Branch())(grown(12))
    assert len(looked) <= 2 * 13
