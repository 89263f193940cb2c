"""API keys as JSON."""

from __future__ import annotations

from plugins.sdk import Schema, fields, validate

_SCOPES = {"description": "Permissions, as `x-scope` of each operation names them.", "example": ["clients:read"]}
_END = {"description": "When it ends by itself; null: it does not.", "example": None}


def _scope() -> fields.String:
    return fields.String(max_length=64, validate=validate.Regexp(r"^[a-z][a-z0-9]*:[a-z0-9_]+$(?!\n)", error="Such as clients:read."))


class NewKeySchema(Schema):
    """What a new key may do."""

    name = fields.Line(required=True, max_length=80, metadata={"example": "Website forms"})
    scopes = fields.List(_scope(), required=True, validate=validate.Length(1, 100), metadata=_SCOPES)
    expires_at = fields.DateTime(load_default=None, allow_none=True, metadata=_END)


class RotationSchema(Schema):
    """How a key is replaced."""

    grace_s = fields.Integer(
        load_default=86_400,
        validate=validate.Range(0, 30 * 86_400),
        metadata={"description": "Seconds the old key lives on, at most 30 days; 0: it ends at once.", "example": 86_400},
    )
    expires_at = fields.DateTime(load_default=None, allow_none=True, metadata=_END)


class KeySchema(Schema):
    """An API key, without its secret."""

    id = fields.UUID()
    name = fields.String(metadata={"example": "Website forms"})
    hint = fields.String(metadata={"description": "The last characters of the key.", "example": "x7Qe"})
    user_id = fields.UUID(metadata={"description": "Whom it acts as: who made it. It ends with their membership."})
    scopes = fields.List(fields.String(), metadata=_SCOPES)
    replaces = fields.UUID(allow_none=True, metadata={"description": "The key it was rotated from.", "example": None})
    expires_at = fields.DateTime(allow_none=True, metadata=_END)
    rotated_at = fields.DateTime(allow_none=True, metadata={"example": None})
    revoked_at = fields.DateTime(allow_none=True, metadata={"example": None})
    last_used_at = fields.DateTime(allow_none=True, metadata={"description": "Within ten minutes.", "example": None})
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class ShownKeySchema(KeySchema):
    """A new API key, with its secret."""

    key = fields.String(
        metadata={
            "description": "Shown this once. Send it as `Authorization: Bearer …`.",
            "example": "fp_019a8d2e7c107cc398c4dc0c0c07398f_EXAMPLEexampleEXAMPLEexampleEXAMPLEexampleE",
        }
    )


class ScopeSchema(Schema):
    """A permission that a key of yours can have."""

    scope = fields.String(metadata={"example": "clients:read"})
    module = fields.String(metadata={"example": "clients"})
