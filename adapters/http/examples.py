"""Examples for the OpenAPI document, made from the schemas: a field's own `metadata={"example": …}` first, else one that fits its type."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from adapters.http import fields

_ID = "019a8d2e-7c10-7cc3-98c4-dc0c0c07398f"
_BY_NAME = {
    "email": "ana@example.com", "full_name": "Ana Souza", "name": "North Studio", "password": "correct horse battery", "phone": "+34 600 000 000",
    "title": "Personal training", "timezone": "Europe/Madrid", "currency": "EUR", "locale": "en", "notes": "Prefers mornings.",
}  # fmt: skip
_BY_TYPE: tuple[tuple[type[Any], Any], ...] = (
    (fields.UUID, _ID), (fields.Email, "ana@example.com"), (fields.Url, "https://example.com"), (fields.Timezone, "Europe/Madrid"),
    (fields.Currency, "EUR"),
    (fields.DateTime, "2026-05-04T09:00:00Z"), (fields.Date, "2026-05-04"), (fields.Time, "09:00"), (fields.Boolean, True),
    (fields.Float, 1.5), (fields.Decimal, "1.5"), (fields.Money, {"amount": 4500, "currency": "EUR"}),
    (fields.Dict, {}), (fields.Raw, {}), (fields.String, "text"),
)  # fmt: skip


def example_of(schema: ma.Schema, *, load: bool) -> Any:
    """An example object. load: as a client sends it, else as the server answers."""
    chosen = schema.load_fields if load else schema.dump_fields
    value = {field.data_key or name: _example(name, field, load) for name, field in chosen.items()}
    return [value] if schema.many else value


def _example(name: str, field: ma.fields.Field[Any], load: bool) -> Any:
    if "example" in field.metadata:
        return field.metadata["example"]
    if isinstance(field, ma.fields.Nested) and not isinstance(field, fields.Money):
        return example_of(field.schema, load=load)
    if isinstance(field, ma.fields.List):
        return [_example(name, field.inner, load)]
    if isinstance(field, ma.fields.Enum):
        return str(next(iter(field.enum.__members__.values())).value)
    for validator in field.validators:
        if isinstance(validator, ma.validate.OneOf):
            return next(iter(validator.choices))
    if isinstance(field, fields.Integer):
        return _within(field)
    if name in _BY_NAME and isinstance(field, fields.String):
        return _BY_NAME[name]
    return next((value for kind, value in _BY_TYPE if isinstance(field, kind)), None)


def _within(field: fields.Integer) -> int:
    """1, or the nearest the field allows."""
    ranges = [each for each in field.validators if isinstance(each, ma.validate.Range)]
    lowest = max((each.min for each in ranges if each.min is not None), default=1)
    highest = min((each.max for each in ranges if each.max is not None), default=1)
    return int(max(lowest, min(1, highest)))
