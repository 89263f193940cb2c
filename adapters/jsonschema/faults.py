"""What a validator found, in our words: where, and what is asked for; never the value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jsonschema import ValidationError

Nested = dict[tuple[str | int, ...], str]
"""Path → what is wrong there."""

MOST: Final = 50
"""Faults told at once."""

_TYPES: Final = {
    "string": "Must be a text.", "integer": "Must be a whole number.", "number": "Must be a number.", "boolean": "Must be true or false.",
    "array": "Must be a list.", "object": "Must be an object.",
}  # fmt: skip
_FORMATS: Final = {
    "date": "Not a date, such as 2026-04-17.", "date-time": "Not a moment with its offset, such as 2026-04-17T09:00:00Z.",
    "email": "Not an e-mail address.", "uri": "Not an address that begins with http:// or https://.",
    "re2": "Not a pattern of RE2, which has no look-around and no references.",
}  # fmt: skip
_WORDS: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": lambda wanted: _TYPES[wanted] if isinstance(wanted, str) else "Must be a text or a number.",
    "format": lambda wanted: _FORMATS[wanted],
    "enum": lambda wanted: "Must be one of: " + ", ".join(str(each) for each in wanted[:20]) + (", …" if len(wanted) > 20 else "."),
    "const": lambda wanted: f"Must be {wanted}.",
    "pattern": lambda wanted: f"Does not match {wanted}",
    "minLength": lambda wanted: f"Shorter than minimum length {wanted}.",
    "maxLength": lambda wanted: f"Longer than maximum length {wanted}.",
    "minItems": lambda wanted: f"At least {wanted}.",
    "maxItems": lambda wanted: f"At most {wanted}.",
    "maxProperties": lambda wanted: f"At most {wanted} names.",
    "minimum": lambda wanted: f"Must be greater than or equal to {wanted}.",
    "maximum": lambda wanted: f"Must be less than or equal to {wanted}.",
}


def told(validator: Any, value: object) -> Nested:
    """The first faults of a value."""
    found: Nested = {}
    for error in islice(validator.iter_errors(value), MOST):
        found.update(_worded(error))
    return found


def _worded(error: ValidationError) -> Iterator[tuple[tuple[str | int, ...], str]]:
    at = tuple(error.absolute_path)
    asked: Any = error.validator_value
    value: Any = error.instance
    known: Any = error.schema
    if error.validator == "required":
        yield from (((*at, name), "Missing data for required field.") for name in asked if name not in value)
    elif error.validator == "additionalProperties":
        yield from (((*at, name), "Unknown field.") for name in value if name not in known.get("properties", {}))
    elif "propertyNames" in error.absolute_schema_path:
        yield (*at, value), "A name is small letters, digits and underscores, at most 40, and begins with a letter."
    else:
        yield at, _WORDS[str(error.validator)](asked)


def as_tree(faults: Nested) -> Any:
    """As marshmallow nests them."""
    tree: dict[Any, Any] = {}
    for path, message in faults.items():
        place = tree
        for step in path:
            place = place.setdefault(step, {})
        place.setdefault("_schema", []).append(message)
    return _closed(tree)


def _closed(tree: dict[Any, Any]) -> Any:
    if tree.keys() == {"_schema"}:
        return tree["_schema"]
    return {name: inner if name == "_schema" else _closed(inner) for name, inner in tree.items()}
