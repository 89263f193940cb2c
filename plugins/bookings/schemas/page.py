"""The public booking page over the wire: nothing here names a person."""

from __future__ import annotations

from plugins.bookings.schemas.bookings import AvailabilitySchema, PeriodQuerySchema
from plugins.bookings.schemas.offering import KINDS
from plugins.sdk import QuerySchema, Schema, fields, validate

_DOMAIN = validate.Regexp(r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", error="A domain name, in ASCII: north.example.com.")


class PublicQuerySchema(QuerySchema):
    """Whose page."""

    domain = fields.String(
        load_default=None, max_length=253, validate=_DOMAIN,
        metadata={"description": "A verified domain; left out, the host asked.", "example": "north.example.com"},
    )  # fmt: skip


class CancellationSchema(Schema):
    """What calling it off costs, and not coming."""

    free_until_minutes = fields.Integer(metadata={"description": "It is free until so long before the start.", "example": 1440})
    late_fee = fields.Money(allow_none=True, metadata={"description": "What it costs later; null: nothing."})
    no_show_fee = fields.Money(allow_none=True, metadata={"description": "What not coming costs; null: nothing."})


class PublicServiceSchema(Schema):
    """A service as strangers see it."""

    id = fields.UUID()
    name = fields.String(metadata={"example": "Personal training"})
    description = fields.String(allow_none=True)
    duration_minutes = fields.Integer(metadata={"example": 60})
    capacity = fields.Integer(metadata={"description": "Places; with more than one it is a class.", "example": 1})
    location_kind = fields.String(allow_none=True, validate=KINDS, metadata={"example": "in_person"})
    price = fields.Money(allow_none=True)
    needs_approval = fields.Boolean(metadata={"description": "The studio confirms what clients book."})
    self_service = fields.Boolean(metadata={"description": "Whether clients book it themselves; otherwise the studio does it for them."})
    cancellation = fields.Nested(CancellationSchema)


class PublicAvailabilityQuerySchema(PublicQuerySchema, PeriodQuerySchema):
    """Free times of what, and when."""


class PublicSlotSchema(Schema):
    """A time that can be booked, or at which a class takes place."""

    start_time = fields.String(metadata={"format": "date-time", "example": "2026-12-01T09:00:00+00:00"})
    end_time = fields.String(metadata={"format": "date-time", "example": "2026-12-01T10:00:00+00:00"})
    seats_left = fields.Integer(metadata={"description": "0: the class is full.", "example": 1})
    can_queue = fields.Boolean(metadata={"description": "The class is full, and has a queue to stand in.", "example": False})


class PublicDaySchema(Schema):
    """A day's slots, by start."""

    date = fields.Date()
    slots = fields.List(fields.Nested(PublicSlotSchema))


class PublicAvailabilitySchema(AvailabilitySchema):
    """Every day asked for."""

    items = fields.List(fields.Nested(PublicDaySchema))
