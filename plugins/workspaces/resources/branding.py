"""/api/v1/branding: what strangers see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import PUBLIC, MethodView, RequestHeaders, allow, cached, digested, headed, may_answer, outside, published
from plugins.workspaces.plugin import plugin
from plugins.workspaces.resources.serving import service
from plugins.workspaces.schemas.branding import FaceQuery, FaceSchema
from plugins.workspaces.service.logos import EXTENSIONS

faces = plugin.blueprint("/api/v1/branding")


@faces.route("")
class Branding(MethodView):
    @faces.arguments(FaceQuery, location="query")
    @faces.response(200, FaceSchema)
    @headed
    @cached(300)
    @allow(PUBLIC)
    @may_answer(404)
    def get(self, query: dict[str, Any], headers: RequestHeaders) -> Any:
        """What a workspace looks like under its verified domain"""
        return service().branding.face(query["domain"], headers.host)


@faces.route("/logos/<uuid:workspace_id>/<uuid:file_id>/<string:token>")
class PublishedLogo(MethodView):
    @faces.file(*EXTENSIONS)
    @allow(PUBLIC)
    @may_answer(404)
    @outside
    @digested
    @headed
    def get(self, headers: RequestHeaders, workspace_id: UUID, file_id: UUID, token: str) -> Any:
        """A logo that was sent here; to be kept for good, for another has another address"""
        found = service().logos.published(workspace_id, file_id, token)
        return published(found.content, file_id.hex, headers, media=found.content_type, name=f"logo.{EXTENSIONS[found.content_type]}")
