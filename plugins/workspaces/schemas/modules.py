"""Modules as JSON."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields, validate


class ModuleQuery(QuerySchema):
    """How to switch."""

    preview = fields.Boolean(load_default=False, metadata={"description": "Only say what would happen; change nothing.", "example": False})


class SwitchSchema(Schema):
    """What a module should be."""

    enabled = fields.Boolean(required=True)
    settings = fields.Dict(
        keys=fields.String(max_length=200),
        metadata={
            "description": "Replaces the stored ones; left out, they stay. A secret (`writeOnly` in the schema) stays where it is left out,"
            " and goes where it is null.",
            "example": {},
        },
    )
    with_dependencies = fields.Boolean(
        load_default=False, metadata={"description": "When switching on: whatever it requires as well.", "example": False}
    )


class FaultSchema(Schema):
    """One value that is wrong."""

    pointer = fields.String()
    message = fields.String()


class BlockerSchema(Schema):
    """Why a change cannot be made now."""

    code = fields.String(metadata={"example": "missing_requirements"})
    detail = fields.String()
    modules = fields.List(fields.String())


class ChangeSchema(Schema):
    """What a change did, or would do."""

    applied = fields.Boolean()
    enables = fields.List(fields.String(), metadata={"example": ["clients"]})
    disables = fields.List(fields.String(), metadata={"example": []})
    faults = fields.List(fields.Nested(FaultSchema), metadata={"example": []})
    blockers = fields.List(fields.Nested(BlockerSchema), metadata={"example": []})


class ModuleSchema(Schema):
    """A plugin of this installation, as the workspace has it."""

    name = fields.String(metadata={"example": "clients"})
    title = fields.String(metadata={"example": "Clients"})
    description = fields.String()
    version = fields.String(attribute="release", metadata={"description": "The plugin's own.", "example": "1.0.0"})
    enabled = fields.Boolean()
    core = fields.Boolean(metadata={"description": "Part of every workspace; cannot be switched off.", "example": False})
    requires = fields.List(fields.String(), metadata={"example": []})
    required_by = fields.List(fields.String(), metadata={"example": []})
    settings = fields.Dict(metadata={"description": "Defaults filled in. Secrets are not among them.", "example": {}})
    secrets = fields.Dict(
        keys=fields.String(), values=fields.Boolean(), metadata={"description": "Settings that are never shown: whether each is set.", "example": {}}
    )
    settings_schema = fields.Dict(allow_none=True, metadata={"description": "JSON Schema 2020-12.", "example": {"type": "object"}})
    state = fields.String(validate=validate.OneOf(["ready", "failed"]))
    reason = fields.String(allow_none=True, metadata={"description": "Why it failed.", "example": None})
    change = fields.Nested(ChangeSchema, allow_none=True, metadata={"description": "In the answer to a change or its preview.", "example": None})
