"""The fields a schema is made of: stricter than marshmallow's, so that one text has one meaning and fits the database.

`from adapters.http import fields` and write `fields.String(required=True)`. Limits appear in the OpenAPI document.
"""

from __future__ import annotations

from adapters.http.fields.composites import DelimitedList, Dict, List, Money, Nested
from adapters.http.fields.currencies import Currency
from adapters.http.fields.moments import Date, DateTime, Time, Timezone
from adapters.http.fields.texts import UUID, Email, Enum, Line, Name, Secret, String, Url
from adapters.http.fields.values import Boolean, Decimal, Float, Integer, Raw

__all__ = [
    "UUID",
    "Boolean",
    "Currency",
    "Date",
    "DateTime",
    "Decimal",
    "DelimitedList",
    "Dict",
    "Email",
    "Enum",
    "Float",
    "Integer",
    "Line",
    "List",
    "Money",
    "Name",
    "Nested",
    "Raw",
    "Secret",
    "String",
    "Time",
    "Timezone",
    "Url",
]
