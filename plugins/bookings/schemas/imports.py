"""Calendars of other applications over the wire."""

from __future__ import annotations

from plugins.sdk import Schema, fields, validate


class CalendarInputSchema(Schema):
    """A calendar elsewhere."""

    name = fields.Line(required=True, max_length=200, metadata={"example": "Private"})
    url = fields.String(
        required=True, max_length=2048,
        metadata={"description": "Its secret address in iCalendar format: https, or webcal. Not shown again.",
                  "example": "https://calendar.example.com/ical/ana/private-3f8a/basic.ics"},
    )  # fmt: skip


class CalendarSchema(Schema):
    """A calendar elsewhere, whose events are times at which nothing is offered."""

    id = fields.UUID()
    name = fields.String(metadata={"example": "Private"})
    status = fields.String(
        validate=validate.OneOf(["ok", "failing"]),
        metadata={"description": "`failing`: what was read last still counts.", "example": "ok"},
    )
    last_fetched_at = fields.DateTime(allow_none=True, metadata={"description": "When it was read."})
    last_tried_at = fields.DateTime(metadata={"description": "When somebody tried."})
    last_error = fields.String(allow_none=True, metadata={"description": "The code of the problem, while it fails.", "example": None})
    events = fields.Integer(metadata={"description": "Events in the file.", "example": 12})
    notes = fields.List(fields.String(), metadata={"description": "What of it was not understood.", "example": []})
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
