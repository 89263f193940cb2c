"""A person, their consents and workspaces."""

from __future__ import annotations

from plugins.accounts.domain import REQUIRED, Purpose
from plugins.accounts.schemas.texts import locale, name
from plugins.sdk import Schema, fields, validate


class PersonSchema(Schema):
    """A person."""

    id = fields.UUID()
    email = fields.Email()
    full_name = fields.String()
    locale = fields.String()
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


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


class RequiredConsentSchema(Schema):
    """A text that is still to be agreed to."""

    purpose = fields.String(validate=validate.OneOf([str(purpose) for purpose in REQUIRED]))
    document_version = fields.String(metadata={"example": "2026-11-01"})


class MembershipSchema(Schema):
    """A workspace of the person, and their role there."""

    id = fields.UUID()
    name = fields.String()
    role = fields.String(validate=validate.OneOf(("Owner", "Colaborador", "Cliente")))


class ProfileSchema(PersonSchema):
    """The signed-in person."""

    consents = fields.Nested(StandingsSchema)
    consents_required = fields.List(
        fields.Nested(RequiredConsentSchema),
        metadata={
            "description": "What you have yet to agree to: after a first sign-in by another service, and when a text has a new edition. Ask before"
            " anything else, and tell by `PATCH /api/v1/me`; nothing is refused meanwhile.",
            "example": [],
        },
    )
    email_verified = fields.Boolean(metadata={"description": "Whether you followed the link that was sent to the address."})
    workspaces = fields.List(fields.Nested(MembershipSchema))


_ACCEPTED = validate.Equal(True, error="Cannot be withdrawn without the account.")


class ChoicesSchema(Schema):
    """What may be agreed to or withdrawn at any time. The newest terms and privacy notice can be accepted, and end with the account."""

    terms = fields.Boolean(validate=_ACCEPTED, metadata={"example": True})
    privacy = fields.Boolean(validate=_ACCEPTED, metadata={"example": True})
    marketing = fields.Boolean()


class ProfileChangeSchema(Schema):
    """The fields to change."""

    full_name = name()
    locale = locale()
    consents = fields.Nested(ChoicesSchema)


class ConsentSchema(Schema):
    """One grant or withdrawal."""

    id = fields.UUID()
    purpose = fields.String(validate=validate.OneOf([str(purpose) for purpose in Purpose]))
    document_version = fields.String(metadata={"example": "2026-11-01"})
    granted = fields.Boolean()
    recorded_at = fields.DateTime()
