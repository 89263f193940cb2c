"""/api/v1/workspaces and /api/v1/users."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import SIGNED_IN, MethodView, Page, PageRequest, allow, page_of, unconditional
from plugins.workspaces import schemas
from plugins.workspaces.domain import Module as ModuleView
from plugins.workspaces.plugin import plugin
from plugins.workspaces.service import Service

blp = plugin.blueprint()
users = plugin.blueprint("/api/v1/users")


def _service() -> Service:
    found: Service = plugin.service
    return found


@blp.route("")
class Workspaces(MethodView):
    @blp.paginated(schemas.MembershipSchema)
    @allow(SIGNED_IN)
    def get(self, page: PageRequest) -> Page:
        """The workspaces you belong to"""
        return page_of(_service().workspaces.mine(_last(page), page.fetch), page, "id")

    @blp.arguments(schemas.ProfileSchema)
    @blp.response(201, schemas.WorkspaceSchema)
    @allow(SIGNED_IN)
    def post(self, profile: dict[str, Any]) -> Any:
        """Start a workspace; you become its Owner"""
        return _service().workspaces.create(**profile)


@blp.route("/<uuid:workspace_id>")
class Workspace(MethodView):
    @blp.response(200, schemas.WorkspaceSchema)
    @allow("read")
    def get(self, workspace_id: UUID) -> Any:
        """Read a workspace"""
        return _service().workspaces.read()

    @blp.arguments(schemas.ProfileSchema(partial=True))
    @blp.response(200, schemas.WorkspaceSchema)
    @allow("change")
    def patch(self, profile: dict[str, Any], workspace_id: UUID) -> Any:
        """Change a workspace's profile"""
        return _service().workspaces.change(**profile)


@blp.route("/<uuid:workspace_id>/modules")
class Modules(MethodView):
    @blp.paginated(schemas.ModuleSchema)
    @allow("read_modules")
    def get(self, page: PageRequest, workspace_id: UUID) -> Page:
        """Every module of this installation, as the workspace has it"""
        return page_of(_service().modules.page(_last(page), page.fetch), page, "name")


@blp.route("/<uuid:workspace_id>/modules/<string:name>")
class Module(MethodView):
    @blp.response(200, schemas.ModuleSchema)
    @allow("read_modules")
    def get(self, workspace_id: UUID, name: str) -> ModuleView:
        """Read a module"""
        return _service().modules.read(name)

    @blp.arguments(schemas.ModuleQuery, location="query")
    @blp.arguments(schemas.SwitchSchema)
    @blp.response(200, schemas.ModuleSchema)
    @unconditional
    @allow("manage_modules")
    def put(self, query: dict[str, Any], switch: dict[str, Any], workspace_id: UUID, name: str) -> ModuleView:
        """Switch a module on or off and set it up, or preview that"""
        return _service().modules.change(name, settings=switch.pop("settings", None), **switch, **query)


@users.route("")
class Users(MethodView):
    @users.arguments(schemas.MemberQuery, location="query")
    @users.paginated(schemas.MemberSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """The members of the workspace"""
        return page_of(_service().members.page(query["role"], _last(page), page.fetch), page, "id")


@users.route("/<uuid:user_id>")
class User(MethodView):
    @users.response(200, schemas.MemberSchema)
    @allow("read")
    def get(self, user_id: UUID) -> Any:
        """Read a member"""
        return _service().members.read(user_id)

    @users.response(204)
    @allow("leave")
    def delete(self, user_id: UUID) -> None:
        """End a membership: an Owner anyone's, everybody their own"""
        _service().members.remove(user_id)


@users.route("/<uuid:user_id>/role")
class UserRole(MethodView):
    @users.arguments(schemas.RoleSchema)
    @users.response(200, schemas.MemberSchema)
    @unconditional
    @allow("manage_members")
    def put(self, body: dict[str, Any], user_id: UUID) -> Any:
        """Give a member a role"""
        return _service().members.set_role(user_id, body["role"], body["client_id"])


def _last(page: PageRequest) -> Any:
    return None if page.after is None else page.after[0]
