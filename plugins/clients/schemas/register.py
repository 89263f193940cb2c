"""The register over the wire."""

from __future__ import annotations

from plugins.clients.domain.register import MOST_TAGS, Sort, Stage, Status
from plugins.clients.schemas.phones import Phone
from plugins.sdk import QuerySchema, Schema, fields, validate

_VISIBLE = validate.Regexp(r"(?s).*\S", error="May not be blank.")
_STATUS = {"description": "Archived clients keep their history and are listed only when asked for."}
_STAGE = {"description": "How far they have come: asked (`lead`), trying (`trial`), a client, or not any more (`former`).", "example": "client"}
_CUSTOM = {"description": "What the workspace asks of its clients besides, as `custom_fields` of the module's settings says.", "example": {}}
_ASSIGNED = {"description": "`user_id` of the Owner or Colaborador who looks after the client."}


class ClientSchema(Schema):
    """A client. A Cliente sees their own without tags, notes, assigned_to, lifecycle and custom fields."""

    id = fields.UUID()
    full_name = fields.String()
    email = fields.Email(allow_none=True)
    phone = fields.String(allow_none=True)
    birth_date = fields.Date(allow_none=True)
    status = fields.String(validate=validate.OneOf([each.value for each in Status]), metadata=_STATUS)
    tags = fields.List(fields.String())
    notes = fields.String(allow_none=True)
    assigned_to = fields.UUID(allow_none=True, metadata=_ASSIGNED)
    version = fields.Integer()
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
    archived_at = fields.DateTime(allow_none=True, metadata={"example": None})
    lifecycle_stage = fields.String(validate=validate.OneOf([each.value for each in Stage]), metadata=_STAGE)
    lifecycle_since = fields.DateTime(metadata={"description": "Since when they are at that stage."})
    custom_fields = fields.Dict(metadata=_CUSTOM)
    merged_into = fields.UUID(allow_none=True, metadata={"description": "The client this record became part of.", "example": None})


class ClientInputSchema(Schema):
    """What is said about a client."""

    full_name = fields.Name(required=True, max_length=200)
    email = fields.Email(load_default=None, allow_none=True)
    phone = Phone(load_default=None, allow_none=True)
    birth_date = fields.Date(load_default=None, allow_none=True, metadata={"example": "1990-04-17"})
    status = fields.String(load_default="active", validate=validate.OneOf([each.value for each in Status]), metadata=_STATUS)
    tags = fields.List(
        fields.String(min_length=1, max_length=40, validate=_VISIBLE),
        load_default=list,
        max_items=MOST_TAGS,
        metadata={"description": "Order is kept; of tags that differ only in case or accents the first stays.", "example": ["strength"]},
    )
    notes = fields.String(load_default=None, allow_none=True, metadata={"description": "For the staff; never shown to the client."})
    assigned_to = fields.UUID(load_default=None, allow_none=True, metadata={**_ASSIGNED, "example": None})
    lifecycle_stage = fields.String(load_default="client", validate=validate.OneOf([each.value for each in Stage]), metadata=_STAGE)
    custom_fields = fields.Dict(
        load_default=dict,
        max_items=200,
        metadata={
            "description": f"{_CUSTOM['description']} PATCH changes those it names; null takes one away that is not required, and one that became"
            " required later may go on missing. PUT says them all.",
            "example": {},
        },
    )


class DuplicateQuerySchema(QuerySchema):
    """Whether another record of somebody is meant."""

    allow_duplicate = fields.Boolean(
        load_default=False,
        metadata={"description": "Do it also when somebody else has the same e-mail address, phone number, or name and birth date."},
    )


class ClientQuerySchema(QuerySchema):
    """Which clients, in which order."""

    status = fields.String(
        load_default=None,
        validate=validate.OneOf([each.value for each in Status]),
        metadata={"description": "Without it: everyone but the archived."},
    )
    lifecycle_stage = fields.String(load_default=None, validate=validate.OneOf([each.value for each in Stage]), metadata={"example": "client"})
    tag = fields.String(load_default=None, min_length=1, max_length=40, metadata={"description": "Case and accents do not matter."})
    assigned_to = fields.UUID(load_default=None, metadata=_ASSIGNED)
    q = fields.String(
        load_default=None,
        min_length=1,
        max_length=100,
        metadata={
            "description": "Each word begins a word of the name, or an e-mail address of theirs or of a record merged into theirs; case and"
            " accents do not matter.",
            "example": "ana",
        },
    )
    sort = fields.String(
        load_default=None,
        validate=validate.OneOf([each.value for each in Sort]),
        metadata={"description": "`-` is descending. Without it: `-created_at`.", "example": "-created_at"},
    )
    filter = fields.UUID(
        load_default=None, metadata={"description": "A saved search, one's own or shared; the other parameters go before what it says."}
    )


class TagSchema(Schema):
    """A tag in use."""

    tag = fields.String(metadata={"example": "strength"})
    clients = fields.Integer(metadata={"description": "How many clients who are not archived carry it.", "example": 12})
