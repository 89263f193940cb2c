"""Invitations as JSON."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Role, Schema, fields, validate
from plugins.workspaces.schemas.roles import client_scope_field, role_field

_STATUS = validate.OneOf(["pending", "accepted", "revoked", "expired"])
_CLIENT = {"description": "For a Cliente: the client they will be, whose records they see.", "example": None}
_SCOPE = {"description": "For a Colaborador: whether they see all clients or their own; left out, as their inviter.", "example": None}
_TOKEN = f"{'01a209fa1ad074e498ac20ca7a35fb78'}.{'m3vK' * 10}m3v"


class InvitationTermsSchema(Schema):
    """What somebody is asked to be."""

    role = fields.Enum(Role, required=True, metadata={"description": "At most the inviter's own.", "example": "Cliente"})
    full_name = fields.Name(load_default=None, allow_none=True, max_length=200)
    client_id = fields.UUID(load_default=None, allow_none=True, metadata=_CLIENT)
    client_scope = client_scope_field(load_default=None, allow_none=True, metadata=_SCOPE)


class InvitationInputSchema(InvitationTermsSchema):
    """Whom to invite, to what."""

    email = fields.Email(required=True)


class InvitationSchema(Schema):
    """Somebody asked to join. The link is in their mail and nowhere else."""

    id = fields.UUID()
    email = fields.Email()
    full_name = fields.String(allow_none=True)
    role = role_field()
    client_id = fields.UUID(allow_none=True, metadata=_CLIENT)
    client_scope = client_scope_field()
    status = fields.String(validate=_STATUS, metadata={"example": "pending"})
    invited_by = fields.UUID(metadata={"description": "The member who answers for it: who sent it last, or edited it."})
    expires_at = fields.DateTime()
    accepted_at = fields.DateTime(allow_none=True, metadata={"example": None})
    version = fields.Integer(metadata={"example": 1})
    created_at = fields.DateTime()
    updated_at = fields.DateTime()


class InvitationQuery(QuerySchema):
    """Filters of invitations."""

    status = fields.String(load_default=None, validate=_STATUS)


class InvitationTokenSchema(Schema):
    """The link's secret."""

    token = fields.String(required=True, load_only=True, max_length=200, metadata={"example": _TOKEN})


class InvitedToSchema(Schema):
    """The workspace somebody is asked to join."""

    id = fields.UUID()
    name = fields.String(metadata={"example": "North Studio"})


class InvitationPreviewSchema(Schema):
    """What the holder of a link is offered; who has no account with this address yet signs up with it and accepts then."""

    workspace = fields.Nested(InvitedToSchema)
    email = fields.Email()
    full_name = fields.String(allow_none=True)
    role = role_field()
    expires_at = fields.DateTime()
