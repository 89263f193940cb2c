"""Bodies: a marshmallow schema compiled once into a function that loads what is right in one pass over the schema's own fields.

marshmallow's bookkeeping (error stores, partial loading, hooks) costs more than the fields it serves. What is not right, or has more to it than
fields, is marshmallow's: it loads it again and says what is wrong, so the answer is the same either way, which a test shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import marshmallow as ma

from adapters.http.fields.reading import compile_read

Load = Callable[[Any], Any]

_HOOKS: Final = ("pre_load", "post_load", "validates", "validates_schema")
_OWN: Final = ("load", "_do_load", "_deserialize")


def compile_load(schema: ma.Schema) -> Load:
    """The function that loads one body. Raises ValidationError as `schema.load` does."""
    if not is_plain(schema):
        return schema.load
    sent = [(name if field.data_key is None else field.data_key, name, field) for name, field in schema.load_fields.items()]
    known = [(key, field.attribute or name, compile_read(field), field.load_default) for key, name, field in sent]
    required = frozenset(key for key, _, field in sent if field.required)

    def load(data: Any) -> Any:
        if type(data) is not dict or not required <= data.keys():
            return schema.load(data)
        loaded, given = {}, 0
        try:
            for name, target, read, default in known:
                if name in data:
                    loaded[target] = read(data[name], name, data)
                    given += 1
                elif default is not ma.missing:
                    loaded[target] = default() if callable(default) else default
        except ma.ValidationError:
            return schema.load(data)
        return loaded if given == len(data) else schema.load(data)

    return load


def is_plain(schema: ma.Schema) -> bool:
    """Whether loading it is loading its fields, one after the other."""
    kind = type(schema)
    own = any(getattr(kind, name) is not getattr(ma.Schema, name) for name in _OWN)
    hooked = any(schema._hooks.get(name) for name in _HOOKS)
    dotted = any("." in (field.attribute or "") for field in schema.load_fields.values())
    return not (own or hooked or dotted or schema.many or schema.partial) and schema.dict_class is dict
