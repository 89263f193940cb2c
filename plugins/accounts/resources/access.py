"""Routes: `/auth/...`."""

from __future__ import annotations

from typing import Any

from plugins.accounts.resources import languages
from plugins.accounts.resources.blueprints import accounts, auth
from plugins.accounts.resources.cookies import ASKED, REFRESH, TOLD, handed, kept_cookie, refresh_cookie, remembered, visit
from plugins.accounts.schemas.access import FinishSchema, LoginSchema, RefreshSchema, SignedInSchema, SignupSchema
from plugins.accounts.schemas.security import ConfirmationSchema, ForgottenSchema, ResetSchema
from plugins.sdk import PUBLIC, MethodView, Unauthenticated, Visitor, allow, may_answer, outside, with_headers, with_visitor


@auth.route("/signup")
class Account(MethodView):
    @auth.arguments(SignupSchema)
    @auth.response(201, SignedInSchema)
    @auth.accepted("Where FITPRO_SIGNUP is `confirmed`: a letter is on its way, whether the address has an account or not; a link in it leads on.")
    @allow(PUBLIC)
    @with_visitor(asked=languages.ASKED, told=TOLD)
    @outside
    def post(self, data: dict[str, Any], visitor: Visitor) -> Any:
        """Create an account and sign in, or have the link sent that leads there."""
        cookie = data.pop("cookie")
        data.setdefault("locale", languages.language_of(visitor))
        signed_in = accounts().signups.sign_up(**data, visit=visit(visitor))
        return None if signed_in is None else handed(signed_in, cookie=cookie)


@auth.route("/signup/finish")
class FinishedAccount(MethodView):
    @auth.arguments(FinishSchema)
    @auth.response(201, SignedInSchema)
    @allow(PUBLIC)
    @with_visitor(told=TOLD)
    @outside
    def post(self, data: dict[str, Any], visitor: Visitor) -> Any:
        """Create the account that the link in the letter is for, and sign in, where FITPRO_SIGNUP is `confirmed`."""
        cookie = data.pop("cookie")
        return handed(accounts().signups.finish(**data, visit=visit(visitor)), cookie=cookie)


@auth.route("/login")
class Session(MethodView):
    @auth.arguments(LoginSchema)
    @auth.response(200, SignedInSchema)
    @allow(PUBLIC)
    @with_visitor(asked=ASKED, told=TOLD)
    @outside
    def post(self, data: dict[str, Any], visitor: Visitor) -> Any:
        """Sign in with e-mail and password."""
        cookie = data.pop("cookie")
        return handed(accounts().sessions.log_in(**data, visit=visit(visitor)), cookie=cookie)


@auth.route("/refresh")
class Tokens(MethodView):
    @auth.arguments(RefreshSchema, required=False)
    @auth.response(200, SignedInSchema)
    @may_answer(403)
    @allow(PUBLIC)
    @with_visitor()
    @outside
    def post(self, data: dict[str, Any], visitor: Visitor) -> Any:
        """Exchange a refresh token for new tokens."""
        given = data.get("refresh_token")
        token = given if given is not None else refresh_cookie(visitor)
        if token is None:
            raise Unauthenticated("There is no refresh token, neither in the body nor as a cookie.", code="invalid_refresh_token")
        return handed(accounts().sessions.refresh(token), cookie=given is None)


@auth.route("/logout")
class Logout(MethodView):
    @auth.response(204)
    @may_answer(403)
    @allow(PUBLIC)
    @with_visitor(asked={"Authorization": "`Bearer` and the access token of the session to end; browsers may have its cookie instead."})
    @outside
    def post(self, visitor: Visitor) -> Any:
        """Sign out: end this session and every token of it."""
        scheme, _, bearer = (visitor.headers.get("Authorization") or "").partition(" ")
        cookie = refresh_cookie(visitor)
        accounts().sessions.log_out(bearer=bearer if scheme.lower() == "bearer" else None, refresh_token=cookie)
        return with_headers(None, *([kept_cookie(REFRESH, "", 0)] if cookie is not None else []))


@auth.route("/password/forgot")
class ForgottenPassword(MethodView):
    @auth.arguments(ForgottenSchema)
    @auth.response(202, description="If there is such an account, a mail is on its way.")
    @allow(PUBLIC)
    @with_visitor()
    @outside
    def post(self, data: dict[str, Any], visitor: Visitor) -> None:
        """Have a link sent to set another password by."""
        accounts().passwords.forgot(**data, visit=visit(visitor))


@auth.route("/password/reset")
class PasswordReset(MethodView):
    @auth.arguments(ResetSchema)
    @auth.response(204)
    @allow(PUBLIC)
    @with_visitor(told=TOLD)
    @outside
    def post(self, data: dict[str, Any], visitor: Visitor) -> Any:
        """Set another password by the link that was sent, and end every session."""
        return with_headers(None, *remembered(accounts().passwords.reset(**data)))


@auth.route("/email/confirm")
class AddressConfirmation(MethodView):
    @auth.arguments(ConfirmationSchema)
    @auth.response(204)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> None:
        """Confirm an e-mail address, or a new one, by the link that was sent there."""
        accounts().addresses.confirm(data["token"])


@auth.route("/email/stop")
class AddressChangeStop(MethodView):
    @auth.arguments(ConfirmationSchema)
    @auth.response(204)
    @allow(PUBLIC)
    @outside
    def post(self, data: dict[str, Any]) -> None:
        """Stop a change of address by the link that the old one got, and end every session."""
        accounts().addresses.stop(data["token"])
