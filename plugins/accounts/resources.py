"""Routes: `/auth/...` and `/api/v1/me`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from plugins.accounts.plugin import plugin
from plugins.accounts.ports import Profile
from plugins.accounts.schemas import (
    ConsentSchema,
    LoginSchema,
    ProfileChangeSchema,
    ProfileSchema,
    RefreshSchema,
    SignedInSchema,
    SignupSchema,
)
from plugins.accounts.service import Accounts, SignedIn
from plugins.sdk import PUBLIC, SIGNED_IN, MethodView, Page, PageRequest, Unauthenticated, allow, ctx, outside, page_of

auth = plugin.blueprint("/auth")
own = plugin.blueprint("/api/v1/me")


def _accounts() -> Accounts:
    return cast("Accounts", plugin.service)


@auth.route("/signup")
class Account(MethodView):
    @auth.arguments(SignupSchema)
    @auth.response(201, SignedInSchema)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> SignedIn:
        """Create an account and sign in."""
        return _accounts().sign_up(**data)


@auth.route("/login")
class Session(MethodView):
    @auth.arguments(LoginSchema)
    @auth.response(200, SignedInSchema)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> SignedIn:
        """Sign in with e-mail and password."""
        return _accounts().log_in(**data)


@auth.route("/refresh")
class Tokens(MethodView):
    @auth.arguments(RefreshSchema)
    @auth.response(200, SignedInSchema)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> SignedIn:
        """Exchange a refresh token for new tokens."""
        return _accounts().refresh(data["refresh_token"])


@auth.route("/logout")
class Logout(MethodView):
    @auth.response(204)
    @allow(SIGNED_IN)
    def post(self) -> None:
        """Sign out: end this session and every token of it."""
        if ctx.session_id is None:
            raise Unauthenticated()
        _accounts().log_out(ctx.session_id)


@own.route("")
class Me(MethodView):
    @own.response(200, ProfileSchema, etag=False)
    @allow(SIGNED_IN)
    def get(self) -> dict[str, Any]:
        """The signed-in person, with consents and workspaces."""
        return _shown(_accounts().profile())

    @own.arguments(ProfileChangeSchema)
    @own.response(200, ProfileSchema, etag=False)
    @allow(SIGNED_IN)
    def patch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change your name, language or marketing consent."""
        choices = data.pop("consents", {})
        return _shown(_accounts().change(**data, **choices, expected=ctx.expected_version))


@own.route("/consents")
class Consents(MethodView):
    @own.paginated(ConsentSchema)
    @allow(SIGNED_IN)
    def get(self, page: PageRequest) -> Page:
        """Every consent you gave or withdrew, newest first."""
        rows = _accounts().consents(page.fetch, UUID(page.after[0]) if page.after else None)
        return page_of(rows, page, "id")


def _shown(profile: Profile) -> dict[str, Any]:
    return {**asdict(profile.person), "consents": profile.consents, "workspaces": profile.workspaces}
