"""Notes and exclusions over the wire."""

from __future__ import annotations

from plugins.clients.domain.exclusions import Kind
from plugins.clients.domain.notes import Visibility
from plugins.sdk import QuerySchema, Schema, fields, validate

_VISIBLE = validate.Regexp(r"(?s).*\S", error="May not be blank.")
_VISIBILITY = validate.OneOf([each.value for each in Visibility])
_KIND = validate.OneOf([each.value for each in Kind])


class NoteSchema(Schema):
    """A note. A Cliente sees only shared ones."""

    id = fields.UUID()
    client_id = fields.UUID()
    author_id = fields.UUID(metadata={"description": "`user_id` of whoever wrote it."})
    body = fields.String()
    visibility = fields.String(validate=_VISIBILITY)
    pinned = fields.Boolean()
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class NoteInputSchema(Schema):
    """What a note says, and to whom."""

    body = fields.String(required=True, min_length=1, validate=_VISIBLE, metadata={"example": "Prefers mornings; the knee is better."})
    visibility = fields.String(
        load_default=Visibility.PRIVATE.value,
        validate=_VISIBILITY,
        metadata={"description": "`private`: only the staff; `shared`: the client reads it as well."},
    )
    pinned = fields.Boolean(load_default=False)


class NoteQuerySchema(QuerySchema):
    """Which notes."""

    visibility = fields.String(load_default=None, validate=_VISIBILITY)


class ExclusionSchema(Schema):
    """A time in which less is expected of a client."""

    id = fields.UUID()
    client_id = fields.UUID()
    kind = fields.String(validate=_KIND, metadata={"description": "`injury` and `sick` read `other` where health data are withheld."})
    starts_on = fields.Date()
    ends_on = fields.Date(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Empty too where health data are withheld."})
    expected_adherence = fields.Integer()
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class ExclusionInputSchema(Schema):
    """From when to when, and why."""

    kind = fields.String(
        required=True, validate=_KIND, metadata={"description": "`injury` and `sick` are health data: only with consent.", "example": "injury"}
    )
    starts_on = fields.Date(required=True, metadata={"description": "The first day.", "example": "2026-03-01"})
    ends_on = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "The last day; empty while nobody knows.", "example": "2026-03-14"}
    )
    reason = fields.String(
        load_default=None,
        allow_none=True,
        min_length=1,
        max_length=1000,
        validate=_VISIBLE,
        metadata={"description": "Sealed at rest.", "example": "Sprained ankle"},
    )
    expected_adherence = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 100),
        metadata={"description": "Per cent of the plan expected meanwhile; of several at once the least counts.", "example": 50},
    )


class ExclusionQuerySchema(QuerySchema):
    """Which exclusions."""

    on = fields.Date(load_default=None, metadata={"description": "Only those that cover this day."})
