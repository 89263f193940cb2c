"""Services and rooms over the wire."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, validate

KINDS = validate.OneOf(["in_person", "online"])
LOCATION = {"description": "An address; `online`, a link (https:// or http://).", "example": "Rua Augusta 1, Lisboa"}
_NAME = {"example": "Personal training"}


def _minutes(description: str, at_most: int, *, least: int = 0, example: int = 0, **given: object) -> fields.Integer:
    return fields.Integer(validate=validate.Range(least, at_most), metadata={"description": description, "example": example}, **given)


class ServiceSchema(Schema):
    """Something clients book."""

    id = fields.UUID()
    name = fields.String(metadata=_NAME)
    description = fields.String(allow_none=True)
    duration_minutes = fields.Integer(metadata={"example": 60})
    buffer_before_minutes = fields.Integer()
    buffer_after_minutes = fields.Integer()
    step_minutes = fields.Integer(metadata={"example": 30})
    notice_minutes = fields.Integer()
    window_days = fields.Integer()
    capacity = fields.Integer(metadata={"example": 1})
    location_kind = fields.String(allow_none=True, validate=KINDS)
    location = fields.String(
        allow_none=True, metadata={"description": "A Cliente gets the link of what is online with their booking, once it stands; here null."}
    )
    price = fields.Money(allow_none=True)
    needs_approval = fields.Boolean()
    self_service = fields.Boolean()
    public = fields.Boolean()
    free_until_minutes = fields.Integer()
    late_fee = fields.Money(allow_none=True)
    no_show_fee = fields.Money(allow_none=True)
    organizer_ids = fields.List(fields.UUID())
    room_ids = fields.List(fields.UUID())
    archived_at = fields.DateTime(allow_none=True, metadata={"example": None})
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class ServiceInputSchema(Schema):
    """What is offered, and on which terms."""

    name = fields.Line(required=True, max_length=120, metadata=_NAME)
    description = fields.String(load_default=None, allow_none=True, max_length=4000)
    duration_minutes = _minutes("How long it takes.", 1440, least=5, example=60, required=True)
    buffer_before_minutes = _minutes("Nobody else has the organizer or the room so long before it.", 720, load_default=0)
    buffer_after_minutes = _minutes("Nor so long after it.", 720, load_default=0, example=15)
    step_minutes = _minutes("Starts are offered every so many minutes from the opening.", 1440, least=5, example=30, load_default=30)
    notice_minutes = _minutes("Clients book at least so long before.", 525_600, example=120, load_default=0)
    window_days = _minutes("And at most so many days ahead.", 730, least=1, example=60, load_default=60)
    capacity = _minutes("Places. With more than one its bookings are classes, which clients join.", 1000, least=1, example=1, load_default=1)
    location_kind = fields.String(load_default=None, allow_none=True, validate=KINDS, metadata={"example": "in_person"})
    location = fields.String(load_default=None, allow_none=True, max_length=1000, metadata=LOCATION)
    price = fields.Money(load_default=None, allow_none=True, minimum=0)
    needs_approval = fields.Boolean(load_default=False, metadata={"description": "A client's booking is `pending` until the staff approves it."})
    self_service = fields.Boolean(load_default=True, metadata={"description": "Whether clients book it themselves."})
    public = fields.Boolean(
        load_default=False, metadata={"description": "Whether strangers see it on the booking page, once that is open (setting `public_page`)."}
    )
    free_until_minutes = _minutes("Calling it off is free until so long before the start.", 525_600, example=1440, load_default=0)
    late_fee = fields.Money(load_default=None, allow_none=True, minimum=1, metadata={"description": "What calling it off later costs."})
    no_show_fee = fields.Money(load_default=None, allow_none=True, minimum=1, metadata={"description": "What not coming costs."})
    organizer_ids = fields.List(
        fields.UUID(), load_default=list, max_items=200, metadata={"description": "`user_id` of everybody who offers it.", "example": []}
    )
    room_ids = fields.List(
        fields.UUID(), load_default=list, max_items=50, metadata={"description": "It takes one of these, when there are any.", "example": []}
    )


class RoomSchema(Schema):
    """A place that only one booking can have at a time."""

    id = fields.UUID()
    name = fields.String(metadata={"example": "Studio 1"})
    description = fields.String(allow_none=True)
    archived_at = fields.DateTime(allow_none=True, metadata={"example": None})
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class RoomInputSchema(Schema):
    """What is said about a room."""

    name = fields.Line(required=True, max_length=120, metadata={"example": "Studio 1"})
    description = fields.String(load_default=None, allow_none=True, max_length=4000)


class ArchivedQuerySchema(QuerySchema):
    """Which of them."""

    archived = fields.Boolean(load_default=False, metadata={"description": "Those that are not offered any more, and no others."})
