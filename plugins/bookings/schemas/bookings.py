"""Bookings themselves over the wire."""

from __future__ import annotations

from plugins.bookings.domain.booking import Status
from plugins.bookings.domain.views import View
from plugins.bookings.schemas.offering import KINDS, LOCATION
from plugins.sdk import QuerySchema, Schema, fields, validate

_STATUS = validate.OneOf([each.value for each in Status])
_REASON = {"description": "Why; shown to whoever sees the booking.", "example": "The trainer is ill."}
_START = {"description": "May have been: the staff writes down afterwards what took place.", "example": "2026-12-01T09:00:00Z"}
_ANYBODY = {"description": "`user_id` of any Owner or Colaborador, also one who does not offer the service."}
_CLIENT_IDS = {"description": "Who takes part."}


class BookingSchema(Schema):
    """A booking. A Cliente sees their own, with themselves alone in client_ids and without notes and booked_by."""

    id = fields.UUID()
    title = fields.String(metadata={"example": "Personal training"})
    organizer_id = fields.UUID(metadata={"description": "`user_id` of the Owner or Colaborador whose time it is."})
    client_ids = fields.List(fields.UUID(), metadata=_CLIENT_IDS)
    service_id = fields.UUID(allow_none=True)
    room_id = fields.UUID(allow_none=True)
    series_id = fields.UUID(allow_none=True, metadata={"description": "The series it is an occurrence of.", "example": None})
    start_time = fields.DateTime()
    end_time = fields.DateTime()
    location_kind = fields.String(allow_none=True, validate=KINDS)
    location = fields.String(
        allow_none=True,
        metadata={"description": "An address, or a link; a link is null for a Cliente while it waits for approval or was called off."},
    )
    status = fields.String(validate=_STATUS, metadata={"example": "booked"})
    capacity = fields.Integer(metadata={"description": "Places; with more than one this is a class.", "example": 1})
    seats_taken = fields.Integer(allow_none=True, metadata={"description": "Of them; null once it is cancelled.", "example": 1})
    price = fields.Money(allow_none=True)
    notes = fields.String(allow_none=True, metadata={"description": "For the staff."})
    cancelled_at = fields.DateTime(allow_none=True, metadata={"example": None})
    cancelled_by = fields.String(allow_none=True, validate=validate.OneOf(["client", "studio", "system"]), metadata={"example": None})
    cancel_reason = fields.String(allow_none=True, metadata={"example": None})
    booked_by = fields.UUID(allow_none=True, metadata={"description": "`user_id` of whoever booked it."})
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class ChangeSchema(Schema):
    """What the staff can change about a booking."""

    title = fields.Line(required=True, max_length=200, metadata={"example": "Personal training"})
    organizer_id = fields.UUID(required=True, metadata=_ANYBODY)
    client_ids = fields.List(fields.UUID(), required=True, max_items=1000, metadata=_CLIENT_IDS)
    room_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "Any room, also one that is not the service's.", "example": None}
    )
    start_time = fields.DateTime(required=True, metadata=_START)
    end_time = fields.DateTime(required=True, metadata={"example": "2026-12-01T10:00:00Z"})
    location_kind = fields.String(load_default=None, allow_none=True, validate=KINDS, metadata={"example": "in_person"})
    location = fields.String(load_default=None, allow_none=True, max_length=1000, metadata=LOCATION)
    capacity = fields.Integer(required=True, validate=validate.Range(1, 1000), metadata={"example": 1})
    notes = fields.String(load_default=None, allow_none=True, max_length=10_000)


class TermsSchema(Schema):
    """What is booked, once or again and again."""

    service_id = fields.UUID(load_default=None, allow_none=True, metadata={"example": None})
    organizer_id = fields.UUID(
        load_default=None, allow_none=True,
        metadata={
            "description": "Whose time; without it, the actor's. The staff may name any Owner or Colaborador, offering the service or not.",
            "example": None,
        },
    )  # fmt: skip
    client_ids = fields.List(fields.UUID(), load_default=list, max_items=1000, metadata={**_CLIENT_IDS, "example": []})
    title = fields.Line(load_default=None, allow_none=True, max_length=200, metadata={"example": "Assessment"})
    start_time = fields.DateTime(required=True, metadata=_START)
    end_time = fields.DateTime(load_default=None, allow_none=True, metadata={"example": "2026-12-01T10:00:00Z"})
    room_id = fields.UUID(
        load_default=None, allow_none=True,
        metadata={"description": "Without it, a free one of the service's. The staff may name any other.", "example": None},
    )  # fmt: skip
    location_kind = fields.String(load_default=None, allow_none=True, validate=KINDS, metadata={"example": "in_person"})
    location = fields.String(load_default=None, allow_none=True, max_length=1000, metadata=LOCATION)
    capacity = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 1000), metadata={"example": None})
    notes = fields.String(load_default=None, allow_none=True, max_length=10_000)


class BookingInputSchema(TermsSchema):
    """What to book. With a service its terms are the default; without one, title and end_time are required. A Cliente names service,
    organizer and start."""

    hold_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "A hold of one's own on this start, which becomes this booking.", "example": None},
    )


class BookingQuerySchema(QuerySchema):
    """Which bookings: by start, the earliest first."""

    view = fields.String(
        load_default=None, validate=validate.OneOf([each.value for each in View]),
        metadata={"description": "What of the calendar: the day, its week, the weeks of its month, or 30 days from it.", "example": "week"},
    )  # fmt: skip
    date = fields.Date(load_default=None, metadata={"description": "Any day of the view; without it, today.", "example": "2026-12-01"})
    tz = fields.Timezone(load_default=None, metadata={"description": "Whose days; without it, the workspace's.", "example": "Europe/Lisbon"})
    start_from = fields.DateTime(load_default=None, metadata={"description": "Only what ends after this; with `start_until`, instead of a view."})
    start_until = fields.DateTime(load_default=None, metadata={"description": "Only what starts before this."})
    organizer = fields.UUID(load_default=None)
    client = fields.UUID(load_default=None)
    room = fields.UUID(load_default=None)
    service = fields.UUID(load_default=None)
    status = fields.String(load_default=None, validate=_STATUS, metadata={"description": "Without it, all but the cancelled.", "example": "booked"})
    sort = fields.String(load_default="start_time", validate=validate.OneOf(["start_time", "-start_time"]), metadata={"example": "start_time"})


class ParticipantSchema(Schema):
    """Somebody who takes part, or did."""

    client_id = fields.UUID()
    status = fields.String(validate=validate.OneOf(["booked", "left", "attended", "no_show"]), metadata={"example": "booked"})
    joined_at = fields.DateTime()
    left_at = fields.DateTime(allow_none=True, metadata={"example": None})
    fee = fields.Money(allow_none=True, metadata={"description": "What they owe for calling off late, or for not coming."})
    fee_reason = fields.String(allow_none=True, validate=validate.OneOf(["late_cancellation", "no_show"]), metadata={"example": None})


class CancelSchema(Schema):
    """Why, and at whose wish."""

    reason = fields.String(load_default=None, allow_none=True, max_length=500, metadata=_REASON)
    requested_by = fields.String(
        load_default="studio", validate=validate.OneOf(["client", "studio"]),
        metadata={
            "description": "At the client's wish the late fee may be due, by the start it has now, whoever moved it. A Cliente's is always `client`.",
            "example": "client",
        },
    )  # fmt: skip
    waive_fee = fields.Boolean(
        load_default=False, metadata={"description": "The staff may forgive it, also of one booking that is called off already."}
    )


class RescheduleSchema(Schema):
    """When instead."""

    start_time = fields.DateTime(required=True, metadata={"example": "2026-12-02T09:00:00Z"})
    end_time = fields.DateTime(load_default=None, allow_none=True, metadata={"description": "Without it, as long as before.", "example": None})


class ReassignSchema(Schema):
    """Whose instead."""

    organizer_id = fields.UUID(required=True, metadata=_ANYBODY)


class DeclineSchema(Schema):
    """Why not."""

    reason = fields.String(load_default=None, allow_none=True, max_length=500, metadata=_REASON)


class NoShowSchema(Schema):
    """Who did not come."""

    client_ids = fields.List(
        fields.UUID(), load_default=None, allow_none=True, max_items=1000, metadata={"description": "Without it, nobody came.", "example": None}
    )
    waive_fee = fields.Boolean(load_default=False)


class CompleteSchema(Schema):
    """Who did not come, although it took place."""

    missing = fields.List(
        fields.UUID(), load_default=None, allow_none=True, max_items=1000,
        metadata={"description": "These alone, which may be said anew afterwards. Without it, who was noted as missing.", "example": None},
    )  # fmt: skip
    waive_fee = fields.Boolean(load_default=False)


class JoinSchema(Schema):
    """Who; a Cliente is who they are."""

    client_id = fields.UUID(load_default=None, allow_none=True)


class LeaveSchema(JoinSchema):
    """Who, and whether the staff forgives the late fee."""

    waive_fee = fields.Boolean(load_default=False, metadata={"description": "Also of who left already, late."})


class HoldInputSchema(Schema):
    """Which slot to hold."""

    service_id = fields.UUID(required=True)
    organizer_id = fields.UUID(required=True)
    start_time = fields.DateTime(required=True, metadata={"example": "2026-12-01T09:00:00Z"})


class HoldSchema(HoldInputSchema):
    """A held slot: nobody else's until it expires."""

    id = fields.UUID()
    room_id = fields.UUID(allow_none=True)
    end_time = fields.DateTime()
    expires_at = fields.DateTime()


class PeriodQuerySchema(QuerySchema):
    """Free times of what, and when."""

    service = fields.UUID(required=True)
    from_ = fields.Date(data_key="from", attribute="from", required=True, metadata={"description": "The first day.", "example": "2026-12-01"})
    to = fields.Date(required=True, metadata={"description": "The last day, at most 61 later.", "example": "2026-12-07"})
    tz = fields.Timezone(
        load_default=None, metadata={"description": "Whose days and offsets; without it, the workspace's.", "example": "Europe/Lisbon"}
    )


class AvailabilityQuerySchema(PeriodQuerySchema):
    """And with whom."""

    organizer = fields.UUID(
        load_default=None, metadata={"description": "Without it, everybody who offers the service, and all of its classes, whoever teaches them."}
    )


class SlotSchema(Schema):
    """A time that can be booked, or (with booking_id) a class that can be joined or, when it is full, queued for."""

    start_time = fields.String(metadata={"format": "date-time", "example": "2026-12-01T09:00:00+00:00"})
    end_time = fields.String(metadata={"format": "date-time", "example": "2026-12-01T10:00:00+00:00"})
    organizer_id = fields.UUID()
    booking_id = fields.UUID(allow_none=True)
    seats_left = fields.Integer(metadata={"description": "0: the class is full.", "example": 1})
    can_queue = fields.Boolean(metadata={"description": "The class is full, and has a queue (`/bookings/{id}/queue`).", "example": False})


class DaySchema(Schema):
    """A day's slots, by start."""

    date = fields.Date()
    slots = fields.List(fields.Nested(SlotSchema))


class AvailabilitySchema(Schema):
    """Every day asked for."""

    items = fields.List(fields.Nested(DaySchema))
    next_cursor = fields.String(allow_none=True, metadata={"description": "Always null: all days asked for are here.", "example": None})
