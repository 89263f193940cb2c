"""/api/v1/workspaces."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import SIGNED_IN, MethodView, Page, PageRequest, Upload, allow, outside, page_of, unconditional
from plugins.workspaces import schemas
from plugins.workspaces.resources.serving import blp, last, service
from plugins.workspaces.service.logos import EXTENSIONS


@blp.route("")
class Workspaces(MethodView):
    @blp.paginated(schemas.MembershipSchema)
    @allow(SIGNED_IN)
    def get(self, page: PageRequest) -> Page:
        """The workspaces you belong to"""
        return page_of(service().workspaces.mine(last(page), page.fetch), page, "id")

    @blp.arguments(schemas.ProfileSchema)
    @blp.response(201, schemas.WorkspaceSchema)
    @allow(SIGNED_IN)
    def post(self, profile: dict[str, Any]) -> Any:
        """Start a workspace; you become its Owner"""
        return service().workspaces.create(**profile)


@blp.route("/<uuid:workspace_id>")
class Workspace(MethodView):
    @blp.response(200, schemas.WorkspaceSchema)
    @allow("read")
    def get(self, workspace_id: UUID) -> Any:
        """Read a workspace"""
        return service().workspaces.read()

    @blp.arguments(schemas.ProfileSchema(partial=True))
    @blp.response(200, schemas.WorkspaceSchema)
    @allow("change")
    def patch(self, profile: dict[str, Any], workspace_id: UUID) -> Any:
        """Change a workspace's profile"""
        return service().workspaces.change(**profile)


@blp.route("/<uuid:workspace_id>/logo")
class Logo(MethodView):
    @blp.arguments(schemas.LogoQuery, location="query")
    @blp.upload(*EXTENSIONS)
    @blp.response(200, schemas.WorkspaceSchema)
    @unconditional
    @allow("change")
    @outside
    def put(self, query: dict[str, Any], file: Upload, workspace_id: UUID) -> Any:
        """Send a logo: a still PNG, JPEG or WebP of 1 MiB and 4096 by 4096 pixels at most

        What is no picture in the file (positions, comments) is left out. The workspace's branding then has its address, which anybody may see."""
        return service().logos.put(query["theme"], file.content, file.media)

    @blp.arguments(schemas.LogoQuery, location="query")
    @blp.response(204)
    @allow("change")
    @outside
    def delete(self, query: dict[str, Any], workspace_id: UUID) -> None:
        """Take a logo away, wherever it is"""
        service().logos.take_away(query["theme"])
