"""Audit entries as JSON."""

from __future__ import annotations

from plugins.privacy.domain import Kind
from plugins.sdk import QuerySchema, Schema, fields, validate

ACTIONS = ("insert", "update", "delete", "read", "purge", "park", "erase")


class PeriodQuery(QuerySchema):
    """From when until when."""

    class Meta(QuerySchema.Meta):
        # `from` is a keyword of Python.
        include = {  # noqa: RUF012 - as marshmallow declares it
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


class AuditExportQuery(AuditQuery):
    """Which entries, and how they leave."""

    format = fields.String(load_default="jsonl", validate=validate.OneOf(["jsonl", "csv"]))
    before = fields.UUID(load_default=None, metadata={"description": "Only entries older than this one."})


class VerifyQuery(QuerySchema):
    """Where to begin, how much to look at."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**62), metadata={"description": "Go on after this seal.", "example": 0})
    limit = fields.Integer(
        load_default=20_000, validate=validate.Range(1, 100_000), metadata={"description": "About how many entries.", "example": 20_000}
    )
    head = fields.String(load_default=None, max_length=400, metadata={"description": "A `head` kept from an earlier answer.", "example": None})


class BreakSchema(Schema):
    """One thing that is wrong."""

    kind = fields.String(
        validate=validate.OneOf(list(Kind)),
        metadata={"description": "What happened to the entry, the seal or the end of the chain.", "example": "changed"},
    )
    seal = fields.Integer(metadata={"description": "The seal it is in.", "example": 12})
    position = fields.Integer(allow_none=True, metadata={"description": "Of the entry in the workspace's trail.", "example": 4711})
    entry_id = fields.UUID(allow_none=True)
    table = fields.String(allow_none=True, metadata={"example": "clients"})


class VerificationSchema(Schema):
    """What was looked at, and what is wrong with it."""

    ok = fields.Boolean(metadata={"description": "Nothing was found wrong.", "example": True})
    seals = fields.Integer(metadata={"example": 12})
    entries = fields.Integer(metadata={"description": "Entries checked.", "example": 4711})
    position = fields.Integer(metadata={"description": "Of the last entry checked.", "example": 4711})
    erased = fields.Integer(metadata={"description": "Checked entries whose values were erased, by a record that stands for it.", "example": 0})
    erased_entries = fields.List(fields.UUID(), metadata={"description": "Which; at most 1,000: check in smaller parts for more.", "example": []})
    waiting = fields.Integer(metadata={"description": "Entries not sealed yet, counted up to 1,000.", "example": 3})
    breaks = fields.List(fields.Nested(BreakSchema), metadata={"description": "At most 100.", "example": []})
    head = fields.String(
        attribute="receipt",
        allow_none=True,
        metadata={"description": "A signed receipt of the chain's end: keep it.", "example": "fitpro-audit-1.AZoK…"},
    )
    next = fields.Integer(allow_none=True, metadata={"description": "Where to go on; null when all was checked.", "example": None})


class AuditReadsQuery(PeriodQuery):
    """Which reads."""

    client_id = fields.UUID(load_default=None, metadata={"description": "Whose data was read, also in records merged into theirs."})
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


class PersonalDataSchema(Schema):
    """All that is held about a client. Of the staff's private notes a Cliente sees none."""

    client_id = fields.UUID()
    exported_at = fields.DateTime()
    counts = fields.Dict(metadata={"description": "How much of each kind, by module.", "example": {"clients": {"client": 1, "consents": 1}}})
    data = fields.Dict(
        metadata={
            "description": "By module and kind. Health data is in it for the client, and for an Owner while the client consents.",
            "example": {"clients": {"client": [{"full_name": "Marta Ferreira"}], "consents": [{"purpose": "health"}]}},
        }
    )


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


class AuditPlaceSchema(AuditEntrySchema):
    """One entry, and its place in the sealed trail."""

    position = fields.Integer(allow_none=True, metadata={"description": "1, 2, 3 … within the workspace; null until it is sealed.", "example": 4711})
