"""Signing up, in and staying signed in."""

from __future__ import annotations

from plugins.accounts.schemas.person import PersonSchema
from plugins.accounts.schemas.security import link
from plugins.accounts.schemas.texts import LONGEST, SHORTEST, language, name
from plugins.sdk import Schema, fields

COOKIE = {
    "description": "For browsers: hand the refresh token out as the cookie `__Host-fitpro_refresh`, which no script can read, and not in the body.",
    "example": False,
}


class AgreementsSchema(Schema):
    """What a new person agrees to."""

    terms = fields.Boolean(required=True, metadata={"description": "Must be true."})
    privacy = fields.Boolean(required=True, metadata={"description": "Must be true."})
    marketing = fields.Boolean(metadata={"description": "Left out means no."})


class SignupSchema(Schema):
    """A new account."""

    email = fields.Email(required=True)
    password = fields.String(
        required=True,
        load_only=True,
        min_length=SHORTEST,
        max_length=LONGEST,
        metadata={"format": "password", "description": "Taken verbatim."},
    )
    full_name = name(required=True)
    locale = language(metadata={"description": "What letters to you are written in; without it, as `Accept-Language` says.", "example": "es-MX"})
    consents = fields.Nested(AgreementsSchema, required=True)
    cookie = fields.Boolean(load_default=False, metadata=COOKIE)


class FinishSchema(Schema):
    """The link, and the password of the sign-up: whoever reads the mail may not be who signed up."""

    token = link()
    password = fields.String(required=True, load_only=True, max_length=LONGEST, metadata={"format": "password"})
    cookie = fields.Boolean(load_default=False, metadata=COOKIE)


class LoginSchema(Schema):
    """Who signs in. A password nobody could have set is as wrong as any other."""

    email = fields.Email(required=True)
    password = fields.String(required=True, load_only=True, max_length=LONGEST, metadata={"format": "password"})
    cookie = fields.Boolean(load_default=False, metadata=COOKIE)


class ProofSchema(Schema):
    """Something only the signed-in person knows."""

    password = fields.String(required=True, load_only=True, max_length=LONGEST, metadata={"format": "password"})


class ProvedSchema(Schema):
    """An access token that says when you proved who you are."""

    access_token = fields.String(metadata={"example": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJmaXRwcm8ifQ.c2lnbmF0dXJl"})
    token_type = fields.String(metadata={"example": "Bearer"})
    expires_in = fields.Integer(metadata={"description": "Seconds the access token lives.", "example": 600})


class RefreshSchema(Schema):
    """The token to exchange; it is good once. Browsers that have it as a cookie send `{}`, or no body."""

    refresh_token = fields.String(
        load_only=True,
        max_length=256,
        metadata={"example": "0mEJ1q1hWq7Yb2nq7S4bV3o0b8n1l5vC1xk9Zt6uY2A"},
    )


class SignedInSchema(Schema):
    """Tokens, and whose they are."""

    user = fields.Nested(PersonSchema)
    access_token = fields.String(metadata={"example": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJmaXRwcm8ifQ.c2lnbmF0dXJl"})
    refresh_token = fields.String(
        allow_none=True, metadata={"description": "null where it is a cookie.", "example": "0mEJ1q1hWq7Yb2nq7S4bV3o0b8n1l5vC1xk9Zt6uY2A"}
    )
    token_type = fields.String(metadata={"example": "Bearer"})
    expires_in = fields.Integer(metadata={"description": "Seconds the access token lives.", "example": 600})
