"""Members as JSON."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Role, Schema, fields
from plugins.workspaces.schemas.roles import role_field


class MemberQuery(QuerySchema):
    """Filters of members."""

    role = role_field(load_default=None)


class MemberSchema(Schema):
    """A member of the workspace; id is the person's."""

    id = fields.UUID()
    full_name = fields.String()
    email = fields.Email()
    role = role_field()
    client_id = fields.UUID(allow_none=True, metadata={"description": "The client a Cliente is."})
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime(metadata={"description": "When they joined."})


class RoleSchema(Schema):
    """A member's role."""

    role = fields.Enum(Role, required=True)
    client_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "For a Cliente: the client whose records they see.", "example": None}
    )
