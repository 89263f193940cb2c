"""Exclusions over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.notes import ExclusionInputSchema, ExclusionQuerySchema, ExclusionSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, confidential, ctx, page_of


@blp.route("/<uuid:client_id>/exclusions")
class Exclusions(MethodView):
    """Times in which less is expected of a client."""

    @blp.arguments(ExclusionQuerySchema, location="query")
    @blp.paginated(ExclusionSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest, client_id: UUID) -> Page:
        """List a client's exclusions, the latest first."""
        return page_of(service().exclusions.page(client_id, query["on"], page.fetch, page.after), page, "starts_on", "id")

    @blp.arguments(ExclusionInputSchema)
    @blp.response(201, ExclusionSchema)
    @allow("write")
    @confidential
    def post(self, given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Excuse a client for some time."""
        return service().exclusions.add(client_id, given)


@blp.route("/<uuid:client_id>/exclusions/<uuid:exclusion_id>")
class Exclusion(MethodView):
    """One of them."""

    @blp.response(200, ExclusionSchema)
    @allow("read")
    def get(self, client_id: UUID, exclusion_id: UUID) -> dict[str, Any]:
        """Read an exclusion."""
        return service().exclusions.read(client_id, exclusion_id)

    @blp.arguments(ExclusionInputSchema)
    @blp.response(200, ExclusionSchema)
    @allow("write")
    def put(self, given: dict[str, Any], client_id: UUID, exclusion_id: UUID) -> dict[str, Any]:
        """Replace an exclusion."""
        return service().exclusions.replace(client_id, exclusion_id, given, ctx.expected_version)

    @blp.response(204)
    @allow("write")
    def delete(self, client_id: UUID, exclusion_id: UUID) -> None:
        """Take an exclusion away; the audit log keeps it."""
        service().exclusions.remove(client_id, exclusion_id, ctx.expected_version)
