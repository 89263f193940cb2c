"""Work on many clients, over the wire."""

from __future__ import annotations

from typing import Any, Final

from plugins.clients.domain.register import Sort, Stage, Status
from plugins.clients.schemas.register import ClientQuerySchema
from plugins.sdk import Schema, Separator, SheetFormat, fields, ma, validate

_VISIBLE = validate.Regexp(r"(?s).*\S", error="May not be blank.")
_SIDES = validate.OneOf(["from", "into"])
_SIDE = {"description": "Whose value stays.", "example": "into"}


_NEEDED: Final = {"tag": "tags", "untag": "tags", "assign": "assigned_to", "stage": "lifecycle_stage", "archive": None}
"""Action → what it takes besides."""


class ExportQuerySchema(ClientQuerySchema):
    """Which clients, in which order, as what."""

    format = fields.String(load_default="csv", validate=validate.OneOf([each.value for each in SheetFormat]), metadata={"example": "csv"})
    separator = fields.String(
        load_default="comma",
        validate=validate.OneOf([each.value for each in Separator]),
        metadata={"description": "Of a CSV; spreadsheets in Spanish and Portuguese expect `semicolon`."},
    )


class MergeFieldsSchema(Schema):
    """Whose value of a field stays. Without a choice: the survivor's, or the other's where the survivor's is empty."""

    full_name = fields.String(validate=_SIDES, metadata=_SIDE)
    email = fields.String(validate=_SIDES, metadata=_SIDE)
    phone = fields.String(validate=_SIDES, metadata=_SIDE)
    birth_date = fields.String(validate=_SIDES, metadata=_SIDE)
    notes = fields.String(validate=_SIDES, metadata=_SIDE)
    assigned_to = fields.String(validate=_SIDES, metadata=_SIDE)
    lifecycle_stage = fields.String(validate=_SIDES, metadata=_SIDE)
    tags = fields.String(
        validate=_SIDES,
        metadata={**_SIDE, "description": "Whose tags stay. Without a choice they add up; to be chosen when they would be more than 50."},
    )
    custom_fields = fields.String(validate=_SIDES, metadata={**_SIDE, "description": "Whose custom fields stay. Without a choice they add up."})
    health = fields.String(
        validate=_SIDES,
        metadata={**_SIDE, "description": "Whose health data stay: to be chosen when both have some; the other's stay with the archived record."},
    )


class MergeSchema(Schema):
    """Which record becomes part of this one."""

    source = fields.UUID(required=True, data_key="from", metadata={"description": "The client that will be archived."})
    fields_ = fields.Nested(MergeFieldsSchema, data_key="fields", load_default=dict, metadata={"example": {}})
    leave_conflicts = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Leave what only one can have and is not chosen with the archived record, instead of refusing.",
            "example": False,
        },
    )


class BulkSchema(Schema):
    """A change to many clients."""

    action = fields.String(required=True, validate=validate.OneOf(list(_NEEDED)), metadata={"example": "tag"})
    ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1), max_items=500)
    tags = fields.List(
        fields.String(min_length=1, max_length=40, validate=_VISIBLE),
        validate=validate.Length(1),
        max_items=20,
        metadata={"description": "For `tag` and `untag`."},
    )
    assigned_to = fields.UUID(allow_none=True, metadata={"description": "For `assign`; null takes it back."})
    lifecycle_stage = fields.String(validate=validate.OneOf([each.value for each in Stage]), metadata={"description": "For `stage`."})
    all_or_nothing = fields.Boolean(load_default=False, metadata={"example": False})

    @ma.validates_schema(skip_on_field_errors=True)
    def _fits(self, data: dict[str, Any], **_: object) -> None:
        needed = _NEEDED[data["action"]]
        faults: dict[str, list[str]] = {
            name: ["Not used by this action."] for name in ("tags", "assigned_to", "lifecycle_stage") if name in data and name != needed
        }
        if needed and needed not in data:
            faults[needed] = ["Missing data for required field."]
        if faults:
            raise ma.ValidationError(faults)


class BulkResultSchema(Schema):
    """What became of one client."""

    id = fields.UUID()
    status = fields.String(validate=validate.OneOf(["changed", "unchanged", "not_found", "refused"]))
    detail = fields.String(allow_none=True)


class BulkAnswerSchema(Schema):
    """What became of each."""

    results = fields.List(fields.Nested(BulkResultSchema))
    changed = fields.Integer()


class TimelineEntrySchema(Schema):
    """Something that happened to a client."""

    at = fields.DateTime()
    kind = fields.String(metadata={"example": "bookings.cancelled"})
    title = fields.String(metadata={"example": "Cancelled: Yoga"})
    reference = fields.UUID(allow_none=True, metadata={"description": "The thing itself."})
    plugin = fields.String(metadata={"example": "bookings"})


class SavedSearchSchema(Schema):
    """The parameters of `GET /clients`."""

    status = fields.String(load_default=None, allow_none=True, validate=validate.OneOf([each.value for each in Status]))
    lifecycle_stage = fields.String(load_default=None, allow_none=True, validate=validate.OneOf([each.value for each in Stage]))
    tag = fields.String(load_default=None, allow_none=True, min_length=1, max_length=40)
    assigned_to = fields.UUID(load_default=None, allow_none=True, metadata={"example": None})
    q = fields.String(load_default=None, allow_none=True, min_length=1, max_length=100)
    sort = fields.String(load_default=Sort.NEWEST.value, validate=validate.OneOf([each.value for each in Sort]))


class FilterInputSchema(Schema):
    """A search to keep."""

    name = fields.Line(required=True, max_length=80)
    shared = fields.Boolean(load_default=False, metadata={"description": "Whether the other staff sees it.", "example": False})
    query = fields.Nested(SavedSearchSchema, required=True)


class FilterSchema(Schema):
    """A search somebody keeps."""

    id = fields.UUID()
    name = fields.String()
    shared = fields.Boolean()
    query = fields.Nested(SavedSearchSchema)
    mine = fields.Boolean(metadata={"description": "Only one's own can be changed."})
    version = fields.Integer()
    created_at = fields.DateTime()
