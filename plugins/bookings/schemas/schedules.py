"""Working hours, time off and closures over the wire."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, validate

_OPENS = {"description": "On the wall clock.", "example": "09:00"}
_CLOSES = {"description": "On the wall clock; 00:00 is the end of the day.", "example": "13:00"}


class WeeklySchema(Schema):
    """Hours of every week."""

    weekday = fields.Integer(required=True, validate=validate.Range(1, 7), metadata={"description": "1 is Monday.", "example": 1})
    opens = fields.Time(required=True, metadata=_OPENS)
    closes = fields.Time(required=True, metadata=_CLOSES)
    # Python has the name `from` for itself.
    from_ = fields.Date(
        data_key="from", attribute="from", load_default=None, allow_none=True, metadata={"description": "Valid from this day on.", "example": None}
    )
    until = fields.Date(load_default=None, allow_none=True, metadata={"description": "Valid until this day, included.", "example": None})


class OverrideSchema(Schema):
    """A day that differs: these hours, or closed without any. Several for one day are several stretches."""

    date = fields.Date(required=True, metadata={"example": "2026-12-24"})
    opens = fields.Time(load_default=None, allow_none=True, metadata={"example": "09:00"})
    closes = fields.Time(load_default=None, allow_none=True, metadata={"example": "12:00"})


class ScheduleInputSchema(Schema):
    """When somebody works."""

    timezone = fields.Timezone(
        load_default=None, allow_none=True, metadata={"description": "Whose wall clock; null is the workspace's.", "example": "Europe/Lisbon"}
    )
    weekly = fields.List(fields.Nested(WeeklySchema), required=True, max_items=100)
    overrides = fields.List(fields.Nested(OverrideSchema), load_default=list, max_items=500)


class WeeklyShownSchema(Schema):
    """Hours of every week, as they are kept."""

    weekday = fields.Integer(metadata={"description": "1 is Monday.", "example": 1})
    opens = fields.String(metadata={**_OPENS, "example": "09:00:00"})
    closes = fields.String(metadata={**_CLOSES, "example": "13:00:00"})
    from_ = fields.String(data_key="from", attribute="from", allow_none=True, metadata={"format": "date", "example": None})
    until = fields.String(allow_none=True, metadata={"format": "date", "example": None})


class OverrideShownSchema(Schema):
    """A day that differs, as it is kept."""

    date = fields.String(metadata={"format": "date", "example": "2026-12-24"})
    opens = fields.String(allow_none=True, metadata={"example": None})
    closes = fields.String(allow_none=True, metadata={"example": None})


class ScheduleSchema(ScheduleInputSchema):
    """When somebody works; version 0 when they have not said so yet."""

    user_id = fields.UUID()
    weekly = fields.List(fields.Nested(WeeklyShownSchema))
    overrides = fields.List(fields.Nested(OverrideShownSchema))
    version = fields.Integer()
    created_at = fields.DateTime(allow_none=True)
    updated_at = fields.DateTime(allow_none=True)


class TimeOffInputSchema(Schema):
    """Who is away, or which room is closed; neither: the studio is."""

    user_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "Who is away.", "example": None})
    room_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "Which room is closed.", "example": None})
    starts_at = fields.DateTime(required=True, metadata={"example": "2026-08-03T00:00:00Z"})
    ends_at = fields.DateTime(required=True, metadata={"example": "2026-08-17T00:00:00Z"})
    reason = fields.String(load_default=None, allow_none=True, max_length=500, metadata={"example": "Summer holiday"})


class TimeOffSchema(TimeOffInputSchema):
    """Time off, or a closure."""

    id = fields.UUID()
    user_id = fields.UUID(allow_none=True)
    room_id = fields.UUID(allow_none=True)
    starts_at = fields.DateTime()
    ends_at = fields.DateTime()
    reason = fields.String(allow_none=True)
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class TimeOffQuerySchema(QuerySchema):
    """Whose."""

    user_id = fields.UUID(load_default=None)
    room_id = fields.UUID(load_default=None)
    since = fields.DateTime(load_default=None, metadata={"description": "Only what ends after this."})
