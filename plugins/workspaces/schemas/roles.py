"""A role as JSON."""

from __future__ import annotations

from typing import Any

from plugins.sdk import Role, fields, validate


def role_field(**options: Any) -> fields.String:
    """A field that holds a role's name."""
    return fields.String(validate=validate.OneOf([str(each) for each in Role]), **options)
