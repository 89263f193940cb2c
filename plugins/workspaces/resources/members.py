"""/api/v1/users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import MethodView, Page, PageRequest, allow, page_of, unconditional
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


@users.route("/<uuid:user_id>")
class User(MethodView):
    @users.response(200, schemas.MemberSchema)
    @allow("read")
    def get(self, user_id: UUID) -> Any:
        """Read a member"""
        return service().members.read(user_id)

    @users.response(204)
    @allow("leave")
    def delete(self, user_id: UUID) -> None:
        """End a membership: an Owner anyone's, everybody their own"""
        service().members.remove(user_id)


@users.route("/<uuid:user_id>/role")
class UserRole(MethodView):
    @users.arguments(schemas.RoleSchema)
    @users.response(200, schemas.MemberSchema)
    @unconditional
    @allow("manage_members")
    def put(self, body: dict[str, Any], user_id: UUID) -> Any:
        """Give a member a role"""
        return service().members.set_role(user_id, body["role"], body["client_id"])
