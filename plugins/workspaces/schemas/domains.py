"""Claimed domains as JSON."""

from __future__ import annotations

from plugins.sdk import Schema, fields, validate
from plugins.workspaces.domain.hosts import Finding, State

_STATES = [str(state) for state in State]
_REASONS = [str(finding) for finding in Finding if finding is not Finding.FOUND]


class ClaimSchema(Schema):
    """A name to claim."""

    domain = fields.String(required=True, metadata={"description": "Without scheme, port and final dot.", "example": "north.example.com"})


class RecordSchema(Schema):
    """A DNS record to set."""

    type = fields.String(metadata={"example": "TXT"})
    name = fields.String(metadata={"example": "_fitpro.north.example.com"})
    value = fields.String(metadata={"example": "fitpro-verification=q0Jm0xD1Vn8s6l2bYw3e5R7t"})


class DomainSchema(Schema):
    """A claimed domain. Verified, it selects this workspace for requests sent to it; its record must stay."""

    domain = fields.String(metadata={"example": "north.example.com"})
    state = fields.String(validate=validate.OneOf(_STATES))
    reason = fields.String(
        allow_none=True,
        validate=validate.OneOf(_REASONS),
        metadata={
            "description": "Why it is not verified, or will not stay so: no record at that name, records that say something else, a DNS that"
            " does not answer, another workspace that verified it first.",
            "example": "record_missing",
        },
    )
    token = fields.String(metadata={"example": "q0Jm0xD1Vn8s6l2bYw3e5R7t"})
    record = fields.Nested(RecordSchema)
    checked_at = fields.DateTime(allow_none=True)
    verified_at = fields.DateTime(allow_none=True)
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()
