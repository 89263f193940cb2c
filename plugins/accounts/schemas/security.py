"""Passwords, addresses and sessions."""

from __future__ import annotations

from plugins.accounts.schemas.texts import LONGEST, SHORTEST
from plugins.sdk import Schema, fields

_LINK = {"description": "What follows `#token=` in the link of the mail.", "example": "q3b0n8yE7cJ1kq2Y5sV9fXo4m6T0aLrWzUdHgPiCeBs"}


def link() -> fields.String:
    """What follows `#token=` in a link."""
    return fields.String(required=True, load_only=True, max_length=256, metadata=_LINK)


def _password() -> fields.String:
    about = {"format": "password", "description": "Taken verbatim; common ones are refused.", "example": "correct horse battery staple"}
    return fields.String(required=True, load_only=True, min_length=SHORTEST, max_length=LONGEST, metadata=about)


class ForgottenSchema(Schema):
    """Whose password."""

    email = fields.Email(required=True)


class ResetSchema(Schema):
    """The link, and what the password shall be."""

    token = link()
    password = _password()


class ConfirmationSchema(Schema):
    """The link."""

    token = link()


class NewPasswordSchema(Schema):
    """What the password shall be."""

    password = _password()


class NewAddressSchema(Schema):
    """What the address shall be, once its owner has followed the link that is sent there."""

    email = fields.Email(required=True)


class SessionSchema(Schema):
    """A place you are signed in at."""

    id = fields.UUID()
    user_agent = fields.String(metadata={"description": "What the program there calls itself.", "example": "Mozilla/5.0 (X11; Linux x86_64)"})
    created_at = fields.DateTime()
    last_used_at = fields.DateTime(metadata={"description": "When its tokens were last refreshed."})
    expires_at = fields.DateTime()
    current = fields.Boolean(metadata={"description": "Whether this request belongs to it."})
