"""The queue of a class over the wire."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, validate


class PlaceSchema(Schema):
    """Somebody's place in the queue of a class."""

    client_id = fields.UUID()
    position = fields.Integer(metadata={"description": "1 is the first.", "example": 1})
    status = fields.String(validate=validate.OneOf(["waiting", "offered"]), metadata={"example": "waiting"})
    offered_until = fields.DateTime(allow_none=True, metadata={"description": "Until when the seat that is offered waits for them.", "example": None})
    joined_at = fields.DateTime()


class QueuedSchema(PlaceSchema):
    """A place, and of which class."""

    booking_id = fields.UUID()
    service_id = fields.UUID(allow_none=True)
    organizer_id = fields.UUID()
    start_time = fields.DateTime()
    end_time = fields.DateTime()


class WhosePlaceSchema(QuerySchema):
    """Whose place, or places; a Cliente's are their own."""

    client_id = fields.UUID(load_default=None)
