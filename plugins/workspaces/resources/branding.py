"""/api/v1/branding: what strangers see."""

from __future__ import annotations

from typing import Any

from plugins.sdk import PUBLIC, MethodView, RequestHeaders, allow, cached, headed, may_answer
from plugins.workspaces.plugin import plugin
from plugins.workspaces.resources.serving import service
from plugins.workspaces.schemas.branding import FaceQuery, FaceSchema

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
