"""Members as JSON."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Role, Schema, fields
from plugins.workspaces.schemas.roles import client_scope_field, role_field


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
    client_scope = client_scope_field(metadata={"description": "Which clients a Colaborador sees.", "example": "all"})
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime(metadata={"description": "When they joined."})


class RoleSchema(Schema):
    """A member's role."""

    role = fields.Enum(Role, required=True)
    client_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "For a Cliente: the client whose records they see.", "example": None}
    )
    client_scope = client_scope_field(
        load_default=None,
        allow_none=True,
        metadata={"description": "For a Colaborador: whether they see all clients or their own; left out, it stays.", "example": None},
    )


class HandoverQuery(QuerySchema):
    """What happens to what the member looks after."""

    reassign_to = fields.UUID(
        load_default=None, metadata={"description": "The Owner or Colaborador who takes over what they look after; 409 lists it without."}
    )
