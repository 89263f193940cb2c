"""Routes: what a signed-in person does about their own safety, below `/api/v1/me`."""

from __future__ import annotations

from typing import Any

from plugins.accounts.resources.blueprints import accounts, own
from plugins.accounts.schemas.access import ProofSchema, ProvedSchema
from plugins.sdk import SIGNED_IN, MethodView, Unauthenticated, allow, ctx, outside


@own.route("/reauthenticate")
class Proof(MethodView):
    @own.arguments(ProofSchema)
    @own.response(200, ProvedSchema)
    @allow(SIGNED_IN)
    @outside
    def post(self, data: dict[str, Any]) -> dict[str, Any]:
        """Confirm your password: the new access token is good for grave changes during the next 10 minutes."""
        if ctx.session_id is None:
            raise Unauthenticated()
        issued = accounts().sessions.reauthenticate(ctx.session_id, data["password"])
        return {"access_token": issued.token, "token_type": "Bearer", "expires_in": issued.expires_in_s}
