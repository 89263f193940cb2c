"""Routes: `/auth/...`."""

from __future__ import annotations

from typing import Any

from plugins.accounts.resources.blueprints import accounts, auth
from plugins.accounts.schemas.access import LoginSchema, RefreshSchema, SignedInSchema, SignupSchema
from plugins.accounts.service import SignedIn
from plugins.sdk import PUBLIC, SIGNED_IN, MethodView, Unauthenticated, allow, ctx, outside


@auth.route("/signup")
class Account(MethodView):
    @auth.arguments(SignupSchema)
    @auth.response(201, SignedInSchema)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> SignedIn:
        """Create an account and sign in."""
        return accounts().signups.sign_up(**data)


@auth.route("/login")
class Session(MethodView):
    @auth.arguments(LoginSchema)
    @auth.response(200, SignedInSchema)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> SignedIn:
        """Sign in with e-mail and password."""
        return accounts().sessions.log_in(**data)


@auth.route("/refresh")
class Tokens(MethodView):
    @auth.arguments(RefreshSchema)
    @auth.response(200, SignedInSchema)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> SignedIn:
        """Exchange a refresh token for new tokens."""
        return accounts().sessions.refresh(data["refresh_token"])


@auth.route("/logout")
class Logout(MethodView):
    @auth.response(204)
    @allow(SIGNED_IN)
    def post(self) -> None:
        """Sign out: end this session and every token of it."""
        if ctx.session_id is None:
            raise Unauthenticated()
        accounts().sessions.log_out(ctx.session_id)
