"""A field compiled into a function that loads one value, without marshmallow's bookkeeping between its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import marshmallow as ma

Read = Callable[[Any, str | None, Any], Any]
"""value, name, the object it is in → the value loaded. Raises ValidationError where `field.deserialize` does, for the first fault alone."""

_STEPS: Final = ("deserialize", "_validate", "_validate_all", "_validate_missing")


def compile_read(field: ma.fields.Field[Any]) -> Read:
    """The function that loads a field's values, which are there."""
    own = any(getattr(type(field), name) is not getattr(ma.fields.Field, name) for name in _STEPS)
    if own or field.pre_load or field.post_load:
        return field.deserialize
    validators, optional = tuple(field.validators), field.allow_none

    def read(value: Any, name: str | None, data: Any) -> Any:
        if value is None:
            if optional:
                return None
            raise field.make_error("null")
        loaded = field._deserialize(value, name, data)
        for validator in validators:
            validator(loaded)
        return loaded

    return read
