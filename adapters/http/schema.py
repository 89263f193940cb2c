"""Schemas of bodies and queries: unknown names refused, and errors in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import marshmallow as ma

from adapters.http.bodies import escape_pointer
from adapters.http.fields.values import FromText
from kernel.errors import Fault, Invalid

Where = Literal["body", "query"]

_MAX_FAULTS: Final = 100
_MAX_POINTER: Final = 256


class Schema(ma.Schema):
    """The shape of a JSON object. A name it does not know is an error, never ignored."""

    class Meta:
        unknown = ma.RAISE

    error_messages = {"unknown": "Unknown field.", "type": "Must be an object."}  # noqa: RUF012


class QuerySchema(Schema):
    """The parameters of a query string: the same fields, read from their ASCII text (`limit=20`, `active=true`)."""

    error_messages = {"unknown": "Unknown parameter."}  # noqa: RUF012

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        if isinstance(field_obj, ma.fields.Nested | ma.fields.Mapping):
            raise TypeError(f"{type(self).__name__}.{field_name}: a query parameter holds no object")
        if isinstance(field_obj, ma.fields.List) and not isinstance(field_obj, FromText):
            raise TypeError(f"{type(self).__name__}.{field_name}: a list in a query is a DelimitedList")
        if isinstance(field_obj, FromText):
            field_obj.read_text()


def faults(messages: object, where: Where = "body") -> list[Fault]:
    """marshmallow's nested messages as a flat list, at most 100.

    where: `body` gives JSON pointers (`/items/0/name`), `query` gives `?name`.
    """
    found: list[Fault] = []
    _collect(messages, "", where, found)
    return found[:_MAX_FAULTS]


def invalid(error: ma.ValidationError, where: Where = "body") -> Invalid:
    """The 422 that says what a schema refused."""
    return Invalid(errors=faults(error.messages, where))


def _collect(messages: object, pointer: str, where: Where, found: list[Fault]) -> None:
    if len(found) >= _MAX_FAULTS:
        return
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            _collect(inner, _below(pointer, name, where), where, found)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            _collect(inner, pointer, where, found)
    else:
        found.append(Fault(pointer[:_MAX_POINTER], str(messages)))


def _below(pointer: str, name: object, where: Where) -> str:
    if name == "_schema":
        return pointer
    if where == "query":
        return pointer or f"?{name}"
    return f"{pointer}/{escape_pointer(str(name))}"
