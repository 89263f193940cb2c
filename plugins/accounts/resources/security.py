"""Routes: what a signed-in person does about their own safety, below `/api/v1/me`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.accounts.resources.blueprints import accounts, own
from plugins.accounts.schemas.access import ProofSchema, ProvedSchema
from plugins.accounts.schemas.security import NewAddressSchema, NewPasswordSchema, SessionSchema
from plugins.sdk import SIGNED_IN, MethodView, Page, PageRequest, Unauthenticated, allow, ctx, outside, page_of, recent, unconditional


@own.route("/reauthenticate")
class Proof(MethodView):
    @own.arguments(ProofSchema)
    @own.response(200, ProvedSchema)
    @allow(SIGNED_IN)
    @outside
    def post(self, data: dict[str, Any]) -> dict[str, Any]:
        """Confirm your password: the new access token is good for grave changes during the next 10 minutes."""
        issued = accounts().sessions.reauthenticate(_known(ctx.session_id), data["password"])
        return {"access_token": issued.token, "token_type": "Bearer", "expires_in": issued.expires_in_s}


@own.route("/password")
class Password(MethodView):
    @own.arguments(NewPasswordSchema)
    @own.response(204)
    @allow(SIGNED_IN)
    @recent
    @unconditional
    @outside
    def put(self, data: dict[str, Any]) -> None:
        """Set another password and end your other sessions."""
        accounts().passwords.change(user_id=_known(ctx.user_id), session_id=ctx.session_id, password=data["password"])


@own.route("/email")
class Address(MethodView):
    @own.arguments(NewAddressSchema)
    @own.response(202, description="A link is on its way to the new address.")
    @allow(SIGNED_IN)
    @recent
    @unconditional
    @outside
    def put(self, data: dict[str, Any]) -> None:
        """Ask for another e-mail address; it changes when the link sent there is followed, while this session lives."""
        accounts().addresses.change(data["email"], ctx.session_id)


@own.route("/email/verification")
class Verification(MethodView):
    @own.response(202, description="A link is on its way to your address.")
    @allow(SIGNED_IN)
    @outside
    def post(self) -> None:
        """Have the link that confirms your address sent once more."""
        accounts().addresses.ask_again()


@own.route("/sessions")
class Sessions(MethodView):
    @own.paginated(SessionSchema)
    @allow(SIGNED_IN)
    def get(self, page: PageRequest) -> Page:
        """Where you are signed in, newest first."""
        rows = accounts().sessions.living(ctx.session_id, UUID(page.after[0]) if page.after else None, page.fetch)
        return page_of(rows, page, "id")

    @own.response(204)
    @allow(SIGNED_IN)
    def delete(self) -> None:
        """Sign out everywhere but here."""
        accounts().sessions.end_others(_known(ctx.user_id), ctx.session_id)


@own.route("/sessions/<uuid:session_id>")
class SignedInPlace(MethodView):
    @own.response(204)
    @allow(SIGNED_IN)
    def delete(self, session_id: UUID) -> None:
        """Sign out there."""
        accounts().sessions.end(session_id)


def _known(id: UUID | None) -> UUID:
    if id is None:
        raise Unauthenticated()
    return id
