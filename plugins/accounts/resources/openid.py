"""Routes: `/auth/oidc`, sign-in with OpenID providers."""

from __future__ import annotations

from typing import Any

from plugins.accounts.resources.blueprints import accounts, auth
from plugins.accounts.resources.cookies import TOLD, handed, visit
from plugins.accounts.resources.languages import language_of
from plugins.accounts.schemas.access import SignedInSchema
from plugins.accounts.schemas.openid import ArrivalQuery, DepartureQuery, ProviderSchema
from plugins.sdk import PUBLIC, DomainError, MethodView, Page, PageRequest, Visitor, allow, may_answer, outside, page_of, redirect, with_visitor

BROWSER = "__Host-fitpro_oidc"


@auth.route("/oidc")
class SignInProviders(MethodView):
    @auth.paginated(ProviderSchema)
    @allow(PUBLIC)
    def get(self, page: PageRequest) -> Page:
        """The services people may sign in with."""
        after = page.after[0] if page.after else ""
        listed = sorted((each for each in accounts().openid.providers() if each.name > after), key=lambda each: each.name)
        return page_of(listed[: page.fetch], page, "name")


@auth.route("/oidc/<string:provider>/start")
class SignInDeparture(MethodView):
    @auth.arguments(DepartureQuery, location="query")
    @auth.response(303, description="Go there: the service's own sign-in page.")
    @allow(PUBLIC)
    @with_visitor(told={"Location": "The service's page.", "Set-Cookie": "What the browser keeps until it is back."})
    @outside
    def get(self, query: dict[str, Any], visitor: Visitor, provider: str) -> Any:
        """Leave for a service to sign in with; the browser keeps a secret until it is back."""
        left = accounts().openid.leave(provider, browser=visitor.headers.cookie(BROWSER), return_to=query["return_to"])
        return redirect(left.url, ("Set-Cookie", f"{BROWSER}={left.browser}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"))


@auth.route("/oidc/<string:provider>/callback")
class SignInArrival(MethodView):
    @auth.arguments(ArrivalQuery, location="query")
    @auth.response(
        200, SignedInSchema, etag=False, description="For programs. A browser (`Accept: text/html`) is sent on to the frontend, signed in by cookie."
    )
    @allow(PUBLIC)
    @may_answer(401, 403, 409, 429)
    @with_visitor(told=TOLD)
    @outside
    def get(self, query: dict[str, Any], visitor: Visitor, provider: str) -> Any:
        """Come back from a service, signed in."""
        browsing = "text/html" in (visitor.headers.get("Accept") or "")
        code = None if "error" in query else query.get("code")
        kept = visitor.headers.cookie(BROWSER)
        openid = accounts().openid
        came: dict[str, Any] = {"visit": visit(visitor), "locale": language_of(visitor)}
        try:
            arrived = openid.come_back(provider, browser=kept, state=query["state"], code=code, issuer=query.get("iss"), **came)
        except DomainError as error:
            if not browsing:
                raise
            return redirect(f"{openid.frontend(query['state'])}#error={error.code}")
        if not browsing:
            return handed(arrived.signed_in, cookie=False)
        return redirect(arrived.url, *handed(arrived.signed_in, cookie=True).headers)
