"""/api/v1/users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import MethodView, Page, PageRequest, Proof, allow, ctx, page_of, unconditional, with_proof
from plugins.workspaces import schemas
from plugins.workspaces.resources.serving import last, service, users


@users.route("")
class Users(MethodView):
    @users.arguments(schemas.MemberQuery, location="query")
    @users.paginated(schemas.MemberSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """The members of the workspace"""
        return page_of(service().members.page(query["role"], last(page), page.fetch), page, "id")

    @users.arguments(schemas.InvitationInputSchema)
    @users.response(201, schemas.InvitationSchema)
    @with_proof("Inviting an Owner")
    @allow("invite")
    def post(self, given: dict[str, Any], proof: Proof) -> Any:
        """Invite somebody by mail; the answer is the same whether they have an account or not

        Letters are counted, for an hour, for who sends them and for the address they go to, whoever sends them; beyond it is 429."""
        return service().invitations.invite(given, proved=proof.demand)


@users.route("/me")
class OwnMembership(MethodView):
    @users.response(200, schemas.MemberSchema)
    @allow("read")
    def get(self) -> Any:
        """Your own membership"""
        return service().members.read(_self())

    @users.arguments(schemas.HandoverQuery, location="query")
    @users.response(204)
    @with_proof("An Owner who leaves")
    @allow("leave")
    def delete(self, query: dict[str, Any], proof: Proof) -> None:
        """Leave the workspace"""
        service().members.remove(_self(), query["reassign_to"], proved=proof.demand)


@users.route("/<uuid:user_id>")
class User(MethodView):
    @users.response(200, schemas.MemberSchema)
    @allow("read")
    def get(self, user_id: UUID) -> Any:
        """Read a member"""
        return service().members.read(user_id)

    @users.arguments(schemas.HandoverQuery, location="query")
    @users.response(204)
    @with_proof("Ending an Owner's membership")
    @allow("leave")
    def delete(self, query: dict[str, Any], proof: Proof, user_id: UUID) -> None:
        """End a membership: an Owner anyone's, everybody their own"""
        service().members.remove(user_id, query["reassign_to"], proved=proof.demand)


@users.route("/<uuid:user_id>/role")
class UserRole(MethodView):
    @users.arguments(schemas.HandoverQuery, location="query")
    @users.arguments(schemas.RoleSchema)
    @users.response(200, schemas.MemberSchema)
    @unconditional
    @with_proof("Making somebody an Owner, or an Owner something else,")
    @allow("manage_members")
    def put(self, query: dict[str, Any], body: dict[str, Any], proof: Proof, user_id: UUID) -> Any:
        """Give a member a role"""
        return service().members.set_role(user_id, **body, **query, proved=proof.demand)


def _self() -> UUID:
    assert ctx.user_id is not None
    return ctx.user_id
