"""Series over the wire."""

from __future__ import annotations

from plugins.bookings.schemas.bookings import BookingSchema, TermsSchema
from plugins.sdk import QuerySchema, Schema, fields, validate

_WALL = {"description": "On the wall clock of the zone.", "example": "2026-12-01T09:00:00"}


_WHY = ("slot_taken", "studio_closed", "organizer_away", "room_closed", "room_archived")


def _on_conflict(description: str) -> fields.String:
    return fields.String(
        load_default="refuse", validate=validate.OneOf(["refuse", "skip"]), metadata={"description": description, "example": "refuse"}
    )  # fmt: skip


class SeriesInputSchema(TermsSchema):
    """A booking, and when it repeats: at the same wall time, whatever daylight-saving does."""

    rrule = fields.String(
        required=True, min_length=1, max_length=500,
        metadata={"description": "RFC 5545 without `RRULE:`; at most 520 occurrences within ten years.", "example": "FREQ=WEEKLY;BYDAY=TU;COUNT=10"},
    )  # fmt: skip
    exdates = fields.List(
        fields.DateTime(), load_default=list, max_items=520,
        metadata={"description": "Occurrences to leave out, by their start; 422 where there is none.", "example": []},
    )  # fmt: skip
    timezone = fields.Timezone(
        load_default=None, allow_none=True, metadata={"description": "Whose wall clock; without it, the workspace's.", "example": "Europe/Lisbon"}
    )
    on_conflict = _on_conflict("What becomes of all when the time of some is taken or closed: nothing is booked, or the others are.")


class SeriesSchema(Schema):
    """Bookings that repeat. first_wall and exdates are wall times of its zone."""

    id = fields.UUID()
    rrule = fields.String(metadata={"example": "FREQ=WEEKLY;COUNT=10;BYDAY=TU"})
    first_wall = fields.String(metadata=_WALL)
    timezone = fields.String(metadata={"example": "Europe/Lisbon"})
    minutes = fields.Integer(metadata={"description": "How long each lasts.", "example": 60})
    exdates = fields.List(fields.String(metadata=_WALL))
    title = fields.String(metadata={"example": "Personal training"})
    organizer_id = fields.UUID()
    service_id = fields.UUID(allow_none=True)
    booked_by = fields.UUID(allow_none=True)
    status = fields.String(validate=validate.OneOf(["active", "cancelled"]), metadata={"example": "active"})
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class OccurrenceSchema(Schema):
    """One that was booked."""

    id = fields.UUID()
    occurrence = fields.String(metadata=_WALL)
    start_time = fields.DateTime()
    end_time = fields.DateTime()


class TakenSchema(Schema):
    """What is in the way."""

    start_time = fields.DateTime()
    end_time = fields.DateTime()
    resource = fields.String(validate=validate.OneOf(["organizer", "room", "studio"]), metadata={"example": "organizer"})


class ConflictSchema(Schema):
    """An occurrence whose time, start_time, is taken or closed."""

    occurrence = fields.String(metadata=_WALL)
    start_time = fields.DateTime()
    code = fields.String(validate=validate.OneOf(_WHY), metadata={"description": "Why.", "example": "slot_taken"})
    taken = fields.Nested(TakenSchema)


class MadeSeriesSchema(SeriesSchema):
    """A new series, what was booked, and what was skipped."""

    bookings = fields.List(fields.Nested(OccurrenceSchema))
    conflicts = fields.List(fields.Nested(ConflictSchema), metadata={"example": []})


class ScopeSchema(QuerySchema):
    """How much of a series."""

    scope = fields.String(
        load_default="this", validate=validate.OneOf(["this", "following", "all"]),
        metadata={"description": "This occurrence; it and what follows; or every one that has not taken place. The staff's.", "example": "this"},
    )  # fmt: skip


class MoveScopeSchema(ScopeSchema):
    """And what becomes of those that cannot change."""

    on_conflict = _on_conflict(
        "With a scope, when the new time of some is taken or closed: nothing changes, or the others do and those stay as they are, where they are."
        " The one named changes, or nothing does."
    )


class StayingSchema(ConflictSchema):
    """An occurrence that did not change, and when it would have taken place."""

    booking_id = fields.UUID()


class MovedSchema(BookingSchema):
    """The booking that was named and, with a scope, those that stay as they are: at their time, still of the series, and like one that was moved
    alone when it moves again."""

    conflicts = fields.List(fields.Nested(StayingSchema), metadata={"example": []})
