"""Workspaces, members and modules as JSON."""

from __future__ import annotations

from typing import Any

from plugins.sdk import QuerySchema, Role, Schema, fields, validate

_ROLES = [str(role) for role in Role]
_ID = "019a8d2e-7c10-7cc3-98c4-dc0c0c07398f"


def _role(**options: Any) -> fields.String:
    return fields.String(validate=validate.OneOf(_ROLES), **options)


class ProfileSchema(Schema):
    """What an Owner says about a workspace."""

    name = fields.String(required=True, max_length=120, validate=validate.Regexp(r"^[\s\S]*\S", error="May not be blank."))
    timezone = fields.Timezone(load_default="UTC", metadata={"description": "Days and local times are counted in it."})
    currency = fields.String(
        load_default="EUR",
        max_length=3,
        validate=validate.Regexp(r"^[A-Z]{3}$", error="Three capital letters, such as EUR."),
        metadata={"description": "ISO 4217 code of new prices."},
    )
    locale = fields.String(
        load_default="en",
        max_length=16,
        validate=validate.Regexp(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)", error="A language tag, such as pt-BR."),
        metadata={"description": "BCP 47 tag of what is written to members."},
    )
    week_start = fields.Integer(load_default=1, validate=validate.Range(1, 7), metadata={"description": "ISO weekday: 1 is Monday, 7 is Sunday."})


class WorkspaceSchema(ProfileSchema):
    """A workspace."""

    id = fields.UUID(dump_only=True)
    modules = fields.List(fields.String(), dump_only=True, metadata={"description": "What is on.", "example": ["clients"]})
    version = fields.Integer(dump_only=True, metadata={"example": 1})
    created_at = fields.DateTime(dump_only=True)
    updated_at = fields.DateTime(dump_only=True)


class MembershipSchema(Schema):
    """A workspace the caller belongs to."""

    id = fields.UUID()
    name = fields.String()
    role = _role()
    client_id = fields.UUID(allow_none=True, metadata={"description": "The client the caller is there, as a Cliente."})
    created_at = fields.DateTime(metadata={"description": "When they joined."})


class MemberQuery(QuerySchema):
    """Filters of members."""

    role = _role(load_default=None)


class MemberSchema(Schema):
    """A member of the workspace; id is the person's."""

    id = fields.UUID()
    full_name = fields.String()
    email = fields.Email()
    role = _role()
    client_id = fields.UUID(allow_none=True, metadata={"description": "The client a Cliente is."})
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime(metadata={"description": "When they joined."})


class RoleSchema(Schema):
    """A member's role."""

    role = fields.Enum(Role, required=True)
    client_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "For a Cliente: the client whose records they see.", "example": None}
    )


class ModuleQuery(QuerySchema):
    """How to switch."""

    preview = fields.Boolean(load_default=False, metadata={"description": "Only say what would happen; change nothing.", "example": False})


class SwitchSchema(Schema):
    """What a module should be."""

    enabled = fields.Boolean(required=True)
    settings = fields.Dict(
        keys=fields.String(max_length=200), metadata={"description": "Replaces the stored ones; left out, they stay.", "example": {}}
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
    settings = fields.Dict(metadata={"description": "Defaults filled in.", "example": {}})
    settings_schema = fields.Dict(allow_none=True, metadata={"description": "JSON Schema 2020-12.", "example": {"type": "object"}})
    state = fields.String(validate=validate.OneOf(["ready", "failed"]))
    reason = fields.String(allow_none=True, metadata={"description": "Why it failed.", "example": None})
    change = fields.Nested(ChangeSchema, allow_none=True, metadata={"description": "In the answer to a change or its preview.", "example": None})
