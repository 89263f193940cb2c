"""Which JSON Schemas are taken from people: a part of draft 2020-12 without references, that no value can make slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from jsonschema import Draft202012Validator, FormatChecker

from adapters.jsonschema.faults import Nested, as_tree, told
from adapters.jsonschema.patterns import compiled

MAX_FIELDS: Final = 200
MAX_DEPTH: Final = 5
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Final = ("string", "integer", "number", "boolean", "array", "object")
_NAMES: Final = {"type": "object", "maxProperties": MAX_FIELDS, "propertyNames": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}}
_SIZE: Final = {"type": "integer", "minimum": 0, "maximum": 4096}
_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 100}
_SAID: Final = {"title": {"type": "string", "minLength": 1, "maxLength": 100}, "description": {"type": "string", "maxLength": 500}}
_FIELDS: Final = {**_NAMES, "additionalProperties": {"$ref": "#/$defs/field"}}
_CLOSED: Final = {"additionalProperties": {"const": False}}  # as every object is, whether it says so or not
_REQUIRED: Final = {"type": "array", "maxItems": MAX_FIELDS, "items": {"type": "string"}}
_META: Final[Mapping[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "properties"],
    "properties": {"$schema": {"const": DIALECT}, "type": {"const": "object"}, "properties": _FIELDS, "required": _REQUIRED, **_CLOSED, **_SAID},
    "$defs": {
        "field": {
            "type": "object",
            "additionalProperties": False,
            "required": ["type"],
            "properties": {
                "type": {"enum": list(_TYPES)},
                "enum": {"type": "array", "minItems": 1, "maxItems": 200, "items": {"type": ["string", "number"], "maxLength": 200}},
                "pattern": {"type": "string", "maxLength": 200, "format": "re2"},
                "format": {"enum": ["date", "date-time", "email", "uri"]},
                "minLength": _SIZE, "maxLength": _SIZE, "minItems": _COUNT, "maxItems": _COUNT,
                "minimum": {"type": "number"}, "maximum": {"type": "number"},
                "items": {"$ref": "#/$defs/field"}, "properties": _FIELDS, "required": _REQUIRED, **_CLOSED, **_SAID,
            },
            "allOf": [
                {"if": {"required": ["type"], "properties": {"type": {"const": kind}}}, "then": {"required": [member]}}
                for kind, member in (("array", "items"), ("object", "properties"))
            ],
        }
    },
}  # fmt: skip
_formats = FormatChecker(formats=())


@_formats.checks("re2", raises=ValueError)
def _is_pattern(value: object) -> bool:
    return not isinstance(value, str) or compiled(value) is not None


_CHECK: Final = Draft202012Validator(_META, format_checker=_formats)


def definable(schema: Mapping[str, Any]) -> None:
    """A check for a settings field that holds the JSON Schema of an object; `{}` is none.

    At most 200 fields, 5 levels, patterns of RE2 with at most 200 characters; `$ref` and every keyword not listed is refused. Raises
    marshmallow's ValidationError with the place of each fault.
    """
    if not schema:
        return
    if (reason := _too_large(schema)) is not None:
        raise ma.ValidationError(reason)
    faults = told(_CHECK, schema) or _contradictions(schema)
    if faults:
        raise ma.ValidationError(as_tree(faults))


def _too_large(schema: Mapping[str, Any]) -> str | None:
    """Counted before anything walks the schema by calling itself."""
    fields, level = 0, [schema]
    for _ in range(MAX_DEPTH + 1):
        below = []
        for each in level:
            properties = each.get("properties")
            if isinstance(properties, Mapping):
                fields += len(properties)
                below += [inner for inner in properties.values() if isinstance(inner, Mapping)]
            if isinstance(each.get("items"), Mapping):
                below.append(each["items"])
        if fields > MAX_FIELDS:
            return f"At most {MAX_FIELDS} fields."
        if not below:
            return None
        level = below
    return f"At most {MAX_DEPTH} levels."


def _contradictions(schema: Mapping[str, Any]) -> Nested:
    """What is well formed and could still fit no value."""
    faults: Nested = {}
    todo: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = [((), schema)]
    while todo:
        at, each = todo.pop()
        properties = each.get("properties", {})
        for n, name in enumerate(each.get("required", ())):
            if name not in properties:
                faults[(*at, "required", n)] = "No such field."
        for low, high in (("minLength", "maxLength"), ("minItems", "maxItems"), ("minimum", "maximum")):
            if low in each and high in each and each[low] > each[high]:
                faults[(*at, low)] = f"Is more than {high}."
        for n, choice in enumerate(each.get("enum", ())):
            if not Draft202012Validator({"type": each["type"]}).is_valid(choice):
                faults[(*at, "enum", n)] = f"Not of type {each['type']}."
        todo += [((*at, "properties", name), inner) for name, inner in properties.items()]
        if "items" in each:
            todo.append(((*at, "items"), each["items"]))
    return faults
