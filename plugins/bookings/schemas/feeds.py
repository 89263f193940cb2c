"""Calendars to subscribe to over the wire."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, validate

_MODE = {"description": "`full` with titles and places, `freebusy` with nothing but the times.", "example": "full"}


class FeedInputSchema(Schema):
    """Which feed."""

    mode = fields.String(load_default="full", validate=validate.OneOf(["full", "freebusy"]), metadata=_MODE)


class FeedSchema(Schema):
    """A calendar to subscribe to."""

    id = fields.UUID()
    mode = fields.String(metadata=_MODE)
    last_used_at = fields.DateTime(allow_none=True, metadata={"description": "When an application last read it, to the day.", "example": None})
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class NewFeedSchema(FeedSchema):
    """A calendar to subscribe to, with its address, which is told this once."""

    url = fields.String(
        metadata={
            "description": "For the calendar application. Whoever has it reads the calendar: keep it secret.",
            "example": "https://api.example.com/ical/0192f0c2d9a77cc0b1c8f6a1d2e3f405.Zk3v0Q1n9m8b7v6c5x4z3a2s1d0f9g8h7j6k5l4m3n2.ics",
        }
    )


class FeedQuerySchema(QuerySchema):
    """As what."""

    mode = fields.String(
        load_default=None,
        validate=validate.OneOf(["freebusy"]),
        metadata={"description": "`freebusy` shows a full feed as busy times.", "example": "freebusy"},
    )
