"""Signing in with an OpenID provider."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, ma


class ProviderSchema(Schema):
    """A service people may sign in with."""

    name = fields.String(metadata={"description": "In URLs.", "example": "google"})
    title = fields.String(metadata={"description": "For people.", "example": "Google"})
    issuer = fields.String(metadata={"example": "https://accounts.google.com"})


class DepartureQuery(QuerySchema):
    """What the frontend wants afterwards."""

    return_to = fields.String(load_default="/", max_length=500, metadata={"description": "A path of the frontend.", "example": "/welcome"})


class ArrivalQuery(QuerySchema):
    """What the provider sends the browser back with; whatever else it adds is not read."""

    class Meta:
        unknown = ma.EXCLUDE

    state = fields.String(required=True, max_length=1000)
    code = fields.String(max_length=4096)
    error = fields.String(max_length=200)
    iss = fields.String(max_length=500)
