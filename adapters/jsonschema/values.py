"""Values against a JSON Schema that somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from adapters.jsonschema.faults import told
from adapters.jsonschema.patterns import compiled
from kernel.errors import Fault

_MAX_TEXT: Final = 4096
_MAX_ITEMS: Final = 100
_ADDRESS: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (_DATE.fullmatch(value) is not None and date.fromisoformat(value) is not None)


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or (_MOMENT.fullmatch(value) is not None and datetime.fromisoformat(value) is not None)


@_formats.checks("email")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or _ADDRESS.fullmatch(value) is not None


@_formats.checks("uri", raises=ValueError)
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value


def _matches(_validator: Any, pattern: str, value: object, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and compiled(pattern).search(value) is None:
        yield ValidationError("")


_Validator: Final[Any] = extend(Draft202012Validator, {"pattern": _matches})  # type: ignore[no-untyped-call]


class JsonSchema:
    """A JSON Schema made ready. Only what it names is taken; texts end at 4,096 characters and lists at 100, whatever it says."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        bounded: Mapping[str, Any] = _bounded(schema) if schema else {"type": "object", "additionalProperties": False}
        self.properties: Mapping[str, Mapping[str, Any]] = bounded.get("properties", {})
        self.names = tuple(self.properties)
        self._validator = _Validator(bounded, format_checker=_formats)

    def faults(self, value: Mapping[str, Any], at: str = "") -> list[Fault]:
        """What does not fit, at most 50. at: the pointer to the value."""
        return [Fault(at + "".join(f"/{_step(step)}" for step in path), message) for path, message in told(self._validator, value).items()]


def json_schema(schema: Mapping[str, Any]) -> JsonSchema:
    """A schema that `definable` took, made ready once."""
    return _ready(orjson.dumps(schema))


@lru_cache(256)
def _ready(schema: bytes) -> JsonSchema:
    return JsonSchema(orjson.loads(schema))


def _bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(schema)
    if made["type"] == "string":
        made["maxLength"] = min(made.get("maxLength", _MAX_TEXT), _MAX_TEXT)
    elif made["type"] == "array":
        made["maxItems"] = min(made.get("maxItems", _MAX_ITEMS), _MAX_ITEMS)
        made["items"] = _bounded(made["items"])
    elif made["type"] == "object":
        made["additionalProperties"] = False
        made["properties"] = {name: _bounded(inner) for name, inner in made["properties"].items()}
    return made


def _step(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
