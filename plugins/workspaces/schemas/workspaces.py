"""Workspaces as JSON."""

from __future__ import annotations

from plugins.sdk import Schema, fields, validate
from plugins.workspaces.schemas.branding import BrandingSchema
from plugins.workspaces.schemas.roles import role_field

# BCP 47 in its canonical case: language, script, region, variants.
_TAG = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*\Z"


class ProfileSchema(Schema):
    """What an Owner says about a workspace."""

    name = fields.Name(required=True, max_length=120)
    timezone = fields.Timezone(load_default="UTC", metadata={"description": "Days and local times are counted in it."})
    currency = fields.Currency(load_default="EUR", metadata={"description": "ISO 4217 code of new prices."})
    locale = fields.String(
        load_default="en",
        max_length=16,
        validate=validate.Regexp(_TAG, error="A language tag such as es, pt-BR or zh-Hant-TW."),
        metadata={"description": "BCP 47 tag of what is written to members."},
    )
    week_start = fields.Integer(load_default=1, validate=validate.Range(1, 7), metadata={"description": "ISO weekday: 1 is Monday, 7 is Sunday."})
    time_format = fields.String(
        load_default="24h", validate=validate.OneOf(["12h", "24h"]), metadata={"description": "How times of day are written."}
    )
    branding = fields.Nested(BrandingSchema, metadata={"description": "What is left out stays as it is."})


class WorkspaceSchema(ProfileSchema):
    """A workspace."""

    id = fields.UUID(dump_only=True)
    modules = fields.List(fields.String(), dump_only=True, metadata={"description": "What is on.", "example": ["clients"]})
    version = fields.Integer(dump_only=True, metadata={"example": 1})
    created_at = fields.DateTime(dump_only=True)
    updated_at = fields.DateTime(dump_only=True)


class MembershipSchema(Schema):
    """A workspace the caller belongs to."""

    id = fields.UUID()
    name = fields.String()
    role = role_field()
    client_id = fields.UUID(allow_none=True, metadata={"description": "The client the caller is there, as a Cliente."})
    created_at = fields.DateTime(metadata={"description": "When they joined."})
