"""From stored JSON back to the values a function declares."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

_READERS: Final[Mapping[type, Callable[[str], object]]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
}


@lru_cache(maxsize=1024)
def hints(function: Callable[..., Any]) -> Mapping[str, object]:
    """Resolved annotations. Raises NameError when one names what only a type checker imports."""
    return get_type_hints(function)


def converted(values: Mapping[str, object], types_: Mapping[str, object]) -> dict[str, object]:
    """Each value as its type; those without one stay JSON. Raises ValueError or TypeError for a value that cannot be its type."""
    return {name: _value(value, types_[name]) if name in types_ else value for name, value in values.items()}


def _value(value: Any, hint: Any) -> object:
    if value is None:
        return None
    if isinstance(hint, type) and get_origin(hint) is None:
        return _scalar(value, hint)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _first(value, inner)
    if origin is tuple and inner[-1] is not Ellipsis:
        return tuple(_value(item, kind) for item, kind in zip(value, inner, strict=True))
    if origin in (tuple, set, frozenset):
        return origin(_value(item, inner[0]) for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_value(name, inner[0]): _value(item, inner[1]) for name, item in value.items()}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return [_value(item, inner[0]) for item in value]
    return cast("object", value)


def _scalar(value: Any, kind: type) -> object:
    if kind in _READERS:
        return _READERS[kind](value)
    if issubclass(kind, Enum):
        return kind(value)
    if kind is Decimal:
        return Decimal(str(value))
    if is_dataclass(kind) and isinstance(value, Mapping):
        known = get_type_hints(kind)
        return kind(**{field.name: _value(value[field.name], known[field.name]) for field in fields(kind) if field.name in value})
    return cast("object", value)


def _first(value: Any, kinds: tuple[Any, ...]) -> object:
    failure: Exception | None = None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _value(value, kind)
        except (ValueError, TypeError) as error:
            failure = error
    raise failure or TypeError("no type fits")
