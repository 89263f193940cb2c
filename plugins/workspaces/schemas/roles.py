"""A role as JSON."""

from __future__ import annotations

from typing import Any

from plugins.sdk import Role, fields, validate
from plugins.workspaces.domain.members import ALL, OWN


def role_field(**options: Any) -> fields.String:
    """A field that holds a role's name."""
    return fields.String(validate=validate.OneOf([str(each) for each in Role]), **options)


def client_scope_field(**options: Any) -> fields.String:
    """A field that holds which clients a collaborator sees."""
    return fields.String(validate=validate.OneOf([ALL, OWN]), **options)
