"""/api/v1/invitations, and inviting on /api/v1/users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import PUBLIC, SIGNED_IN, MethodView, Page, PageRequest, Proof, allow, conditional, ctx, may_answer, page_of, with_proof
from plugins.workspaces import schemas
from plugins.workspaces.resources.serving import invitations, last, service


@invitations.route("")
class Invitations(MethodView):
    @invitations.arguments(schemas.InvitationQuery, location="query")
    @invitations.paginated(schemas.InvitationSchema)
    @allow("invite")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """Who was asked to join; a Colaborador sees whom they asked"""
        return page_of(service().invitations.page(query["status"], last(page), page.fetch), page, "id")


@invitations.route("/<uuid:invitation_id>")
class Invitation(MethodView):
    @invitations.response(200, schemas.InvitationSchema)
    @allow("invite")
    def get(self, invitation_id: UUID) -> Any:
        """Read an invitation"""
        return service().invitations.read(invitation_id)

    @invitations.arguments(schemas.InvitationTermsSchema(partial=True))
    @invitations.response(200, schemas.InvitationSchema)
    @with_proof("Offering to be an Owner")
    @allow("invite")
    def patch(self, changes: dict[str, Any], proof: Proof, invitation_id: UUID) -> Any:
        """Change what a pending invitation offers; its link stays good"""
        return service().invitations.edit(invitation_id, changes, proved=proof.demand)

    @invitations.response(204)
    @allow("invite")
    def delete(self, invitation_id: UUID) -> None:
        """Revoke an invitation"""
        service().invitations.revoke(invitation_id)


@invitations.route("/<uuid:invitation_id>/resend")
class InvitationMail(MethodView):
    @invitations.response(200, schemas.InvitationSchema)
    @conditional
    @allow("invite")
    def post(self, invitation_id: UUID) -> Any:
        """Send an invitation again, with a new link; earlier links are dead

        Counts as another letter; beyond what an address may get or somebody may send in an hour it is 429."""
        return service().invitations.resend(invitation_id)


@invitations.route("/preview")
class InvitationPreview(MethodView):
    @invitations.arguments(schemas.InvitationTokenSchema)
    @invitations.response(200, schemas.InvitationPreviewSchema)
    @allow(PUBLIC)
    @may_answer(404)
    def post(self, given: dict[str, Any]) -> Any:
        """What a link offers, before anybody signs in"""
        return service().joining.preview(given["token"])


@invitations.route("/accept")
class InvitationAcceptance(MethodView):
    @invitations.arguments(schemas.InvitationTokenSchema)
    @invitations.response(200, schemas.MembershipSchema)
    @allow(SIGNED_IN)
    @may_answer(403, 404)
    def post(self, given: dict[str, Any]) -> Any:
        """Join with the link of an invitation to your address"""
        assert ctx.user_id is not None
        return service().joining.accept(given["token"], ctx.user_id)
