"""Schemas refuse unknown names and say where things are wrong."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError, validates_schema

from adapters.http import fields
from adapters.http.schema import QuerySchema, Schema, faults, invalid
from kernel.errors import Fault


class Row(Schema):
    name = fields.String(required=True)


class Body(Schema):
    title = fields.String(required=True)
    rows = fields.List(fields.Nested(Row))
    labels = fields.Dict(keys=fields.String(max_length=3), values=fields.Nested(Row))
    renamed = fields.Integer(data_key="re/named~")

    @validates_schema
    def check(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data.get("title") == "bad":
            raise ValidationError("The title and the rest do not fit.")


class Query(QuerySchema):
    limit = fields.Integer(required=True)
    ids = fields.DelimitedList(fields.Integer())


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/title"]),
        ({"title": "a", "nope": 1}, ["/nope"]),
        ({"title": "a", "workspace_id": "x", "role": "Owner"}, ["/workspace_id", "/role"]),
        (
            {"title": "a", "rows": [{"name": "x"}, {}, {"name": 1, "x": 2}]},
            ["/rows/1/name", "/rows/2/name", "/rows/2/x"],
        ),
        ({"title": "a", "rows": "x"}, ["/rows"]),
        ({"title": "a", "rows": [1]}, ["/rows/0"]),
        ({"title": "a", "labels": {"a": {}, "long/": {"name": "x"}}}, ["/labels/long~1", "/labels/a/name"]),
        ({"title": "a", "re/named~": "x"}, ["/re~1named~0"]),
        ({"title": "a", "renamed": 1}, ["/renamed"]),
        ({"title": "bad"}, [""]),
    ],
)
def test_a_fault_points_at_its_place_in_the_body(body: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Body().load(body)
    assert sorted(fault.pointer for fault in faults(refused.value.messages)) == sorted(pointers)


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ({}, ["?limit"]),
        ({"limit": "x"}, ["?limit"]),
        ({"limit": "1", "ids": "1,x,2,y"}, ["?ids", "?ids"]),
        ({"limit": "1", "nope": "1"}, ["?nope"]),
    ],
)
def test_a_fault_names_its_query_parameter(query: dict[str, str], pointers: list[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        Query().load(query)
    assert [fault.pointer for fault in faults(refused.value.messages, "query")] == pointers


def test_messages_stay_what_they_are() -> None:
    with pytest.raises(ValidationError) as refused:
        Body().load({"nope": 1})
    assert set(invalid(refused.value).errors) == {
        Fault("/title", "Missing data for required field."),
        Fault("/nope", "Unknown field."),
    }


def test_an_answer_to_many_faults_stays_small() -> None:
    with pytest.raises(ValidationError) as refused:
        Body().load({"title": "a", "rows": [{}] * 1000, "x" * 10_000: 1})
    found = faults(refused.value.messages)
    assert len(found) == 100
    assert max(len(fault.pointer) for fault in found) <= 256


def test_a_list_beyond_its_limit_is_refused_before_its_items_are_read() -> None:
    with pytest.raises(ValidationError) as refused:
        Body().load({"title": "a", "rows": [{}] * 1001})
    assert [fault.pointer for fault in faults(refused.value.messages)] == ["/rows"]


def test_a_query_schema_holds_no_objects_and_no_plain_lists() -> None:
    with pytest.raises(TypeError, match="holds no object"):
        QuerySchema.from_dict({"row": fields.Nested(Row)})()
    with pytest.raises(TypeError, match="holds no object"):
        QuerySchema.from_dict({"row": fields.Dict()})()
    with pytest.raises(TypeError, match="DelimitedList"):
        QuerySchema.from_dict({"rows": fields.List(fields.String())})()
