"""Fields that several bodies share."""

from __future__ import annotations

from typing import Any

from plugins.sdk import fields, validate

SHORTEST, LONGEST = 8, 128


def name(**options: Any) -> fields.Name:
    """A person's name, as they write it."""
    return fields.Name(max_length=200, **options)


def language(**options: Any) -> fields.String:
    """A language that letters come in, and where it is spoken."""
    tag = validate.Regexp(r"(en|es|pt)(-([A-Z]{2}|[0-9]{3}))?\Z", error="Must be en, es or pt; a region may follow, as in es-MX.")
    return fields.String(max_length=6, validate=tag, **options)


def locale(**options: Any) -> fields.String:
    """A language tag."""
    tag = validate.Regexp(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z", error="Not a language tag such as en or pt-BR.")
    return fields.String(max_length=12, validate=tag, **options)
