"""Audit entries as JSON."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, validate

ACTIONS = ("insert", "update", "delete", "read", "purge", "park")


class PeriodQuery(QuerySchema):
    """From when until when."""

    class Meta(QuerySchema.Meta):
        # `from` is a keyword of Python.
        include = {  # noqa: RUF012
            "from": fields.DateTime(load_default=None, metadata={"description": "At this instant or later."}),
            "to": fields.DateTime(load_default=None, metadata={"description": "Before this instant."}),
        }


class AuditQuery(PeriodQuery):
    """Which entries."""

    actor_id = fields.UUID(load_default=None, metadata={"description": "Who did it."})
    table = fields.String(load_default=None, max_length=63, metadata={"example": "clients"})
    record_id = fields.String(load_default=None, max_length=200, metadata={"description": "The changed record."})
    action = fields.String(load_default=None, validate=validate.OneOf(ACTIONS))
    request_id = fields.String(load_default=None, max_length=200, metadata={"description": "As in X-Request-Id."})


class AuditReadsQuery(PeriodQuery):
    """Which reads."""

    client_id = fields.UUID(load_default=None, metadata={"description": "Whose data was read."})
    actor_id = fields.UUID(load_default=None, metadata={"description": "Who read."})
    table = fields.String(load_default=None, max_length=63, metadata={"example": "clients_health"})
    record_id = fields.String(load_default=None, max_length=200, metadata={"description": "The record read."})


class AuditReadSchema(Schema):
    """One read of one sensitive record."""

    id = fields.UUID(metadata={"description": "In the order of time."})
    at = fields.DateTime()
    actor_id = fields.UUID(allow_none=True, metadata={"description": "The person who read; null for the system."})
    actor = fields.String(
        metadata={
            "description": "Their role at that moment, `key` and its id for what an API key did for them, or `system`.",
            "example": "Colaborador",
        }
    )
    reader = fields.String(allow_none=True, metadata={"description": "Their name at that moment.", "example": "Ana Souza"})
    table = fields.String(metadata={"example": "clients_health"})
    record_id = fields.String()
    client_id = fields.UUID(allow_none=True, metadata={"description": "Whose data it is."})
    purpose = fields.String(allow_none=True, metadata={"description": "Why it was read.", "example": "care"})
    request_id = fields.String(metadata={"example": "3f9c1c6b0d5e4a7f8a51b7e0c2d4f6a8"})


class AuditEntrySchema(Schema):
    """One change of one record (or one read of it, where reading is recorded)."""

    id = fields.UUID(metadata={"description": "In the order of time."})
    at = fields.DateTime()
    actor_id = fields.UUID(allow_none=True, metadata={"description": "The person; null for the system."})
    actor = fields.String(
        metadata={"description": "Their role at that moment, `key` and its id for what an API key did for them, or `system`.", "example": "Owner"}
    )
    action = fields.String(validate=validate.OneOf(ACTIONS))
    table = fields.String(metadata={"example": "clients"})
    record_id = fields.String()
    before = fields.Dict(allow_none=True, metadata={"description": "The changed values as they were.", "example": {"name": "North"}})
    after = fields.Dict(allow_none=True, metadata={"description": "The changed values as they became.", "example": {"name": "South"}})
    request_id = fields.String(metadata={"example": "3f9c1c6b0d5e4a7f8a51b7e0c2d4f6a8"})
