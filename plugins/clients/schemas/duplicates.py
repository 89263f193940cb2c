"""Records of the same person, over the wire."""

from __future__ import annotations

from plugins.clients.domain.duplicates import Match
from plugins.clients.domain.register import Status
from plugins.sdk import Schema, fields, validate


class TwinSchema(Schema):
    """One of several records that may be the same person."""

    id = fields.UUID()
    full_name = fields.String()
    status = fields.String(validate=validate.OneOf([each.value for each in Status]))


class DuplicatesSchema(Schema):
    """Clients who have something in common that no two people have."""

    matched = fields.String(validate=validate.OneOf([each.value for each in Match]))
    clients = fields.List(fields.Nested(TwinSchema))
