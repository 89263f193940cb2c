"""Bodies in and out."""

from __future__ import annotations

from typing import Any

from plugins.accounts.domain import Purpose
from plugins.sdk import Schema, fields, validate

_SHORTEST, _LONGEST = 8, 128


def _name(**options: Any) -> fields.String:
    visible = validate.Regexp(r"(?s).*\S", error="Must not be blank.")
    return fields.String(min_length=1, max_length=200, validate=visible, **options)


def _locale(**options: Any) -> fields.String:
    tag = validate.Regexp(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z", error="Not a language tag such as en or pt-BR.")
    return fields.String(max_length=12, validate=tag, **options)


class AgreementsSchema(Schema):
    """What a new person agrees to."""

    terms = fields.Boolean(required=True, metadata={"description": "Must be true."})
    privacy = fields.Boolean(required=True, metadata={"description": "Must be true."})
    marketing = fields.Boolean(metadata={"description": "Left out means no."})


class SignupSchema(Schema):
    """A new account."""

    email = fields.Email(required=True)
    password = fields.String(
        required=True,
        load_only=True,
        min_length=_SHORTEST,
        max_length=_LONGEST,
        metadata={"format": "password", "description": "Taken verbatim."},
    )
    full_name = _name(required=True)
    consents = fields.Nested(AgreementsSchema, required=True)


class LoginSchema(Schema):
    """Who signs in. A password nobody could have set is as wrong as any other."""

    email = fields.Email(required=True)
    password = fields.String(required=True, load_only=True, max_length=_LONGEST, metadata={"format": "password"})


class RefreshSchema(Schema):
    """The token to exchange; it is good once."""

    refresh_token = fields.String(
        required=True,
        load_only=True,
        max_length=256,
        metadata={"example": "0mEJ1q1hWq7Yb2nq7S4bV3o0b8n1l5vC1xk9Zt6uY2A"},
    )


class PersonSchema(Schema):
    """A person."""

    id = fields.UUID()
    email = fields.Email()
    full_name = fields.String()
    locale = fields.String()
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class SignedInSchema(Schema):
    """Tokens, and whose they are."""

    user = fields.Nested(PersonSchema)
    access_token = fields.String(metadata={"example": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJmaXRwcm8ifQ.c2lnbmF0dXJl"})
    refresh_token = fields.String(metadata={"example": "0mEJ1q1hWq7Yb2nq7S4bV3o0b8n1l5vC1xk9Zt6uY2A"})
    token_type = fields.String(metadata={"example": "Bearer"})
    expires_in = fields.Integer(metadata={"description": "Seconds the access token lives.", "example": 600})


class StandingSchema(Schema):
    """Where a consent stands."""

    granted = fields.Boolean()
    document_version = fields.String(allow_none=True, metadata={"example": "2026-11-01"})
    recorded_at = fields.DateTime(allow_none=True)


class StandingsSchema(Schema):
    """Every consent of a person."""

    terms = fields.Nested(StandingSchema)
    privacy = fields.Nested(StandingSchema)
    marketing = fields.Nested(StandingSchema)


class MembershipSchema(Schema):
    """A workspace of the person, and their role there."""

    id = fields.UUID()
    name = fields.String()
    role = fields.String(validate=validate.OneOf(("Owner", "Colaborador", "Cliente")))


class ProfileSchema(PersonSchema):
    """The signed-in person."""

    consents = fields.Nested(StandingsSchema)
    workspaces = fields.List(fields.Nested(MembershipSchema))


class ChoicesSchema(Schema):
    """What may be agreed to or withdrawn at any time."""

    marketing = fields.Boolean(required=True)


class ProfileChangeSchema(Schema):
    """The fields to change."""

    full_name = _name()
    locale = _locale()
    consents = fields.Nested(ChoicesSchema)


class ConsentSchema(Schema):
    """One grant or withdrawal."""

    id = fields.UUID()
    purpose = fields.String(validate=validate.OneOf([str(purpose) for purpose in Purpose]))
    document_version = fields.String(metadata={"example": "2026-11-01"})
    granted = fields.Boolean()
    recorded_at = fields.DateTime()
