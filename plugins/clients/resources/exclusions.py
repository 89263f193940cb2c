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
        """List a client's exclusions, the latest first; what tells health is withheld and recorded as in reading one."""
        return page_of(service().exclusions.page(client_id, query["on"], page.fetch, page.after), page, "starts_on", "id")

    @blp.arguments(ExclusionInputSchema)
    @blp.response(201, ExclusionSchema, etag="whole")
    @allow("write")
    @confidential
    def post(self, given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Excuse a client for some time; for an injury or illness only with the client's consent (403 `consent_required`), and by an API key
        with the scope `clients:health` (403 `scope_required`)."""
        return service().exclusions.add(client_id, given)


@blp.route("/<uuid:client_id>/exclusions/<uuid:exclusion_id>")
class Exclusion(MethodView):
    """One of them."""

    @blp.response(200, ExclusionSchema, etag="whole")
    @allow("read")
    def get(self, client_id: UUID, exclusion_id: UUID) -> dict[str, Any]:
        """Read an exclusion. An injury or illness is health data: each reading is recorded, and the client sees by whom; to staff without the
        client's consent, and to API keys without `clients:health`, it is of kind `other`, without a reason."""
        return service().exclusions.read(client_id, exclusion_id)

    @blp.arguments(ExclusionInputSchema)
    @blp.response(200, ExclusionSchema, etag="whole")
    @allow("write")
    def put(self, given: dict[str, Any], client_id: UUID, exclusion_id: UUID) -> dict[str, Any]:
        """Replace an exclusion; by an injury or illness as in adding one. What is withheld and written back as it was read keeps its kind and
        reason."""
        return service().exclusions.replace(client_id, exclusion_id, given, ctx.expected_version)

    @blp.response(204)
    @allow("write")
    def delete(self, client_id: UUID, exclusion_id: UUID) -> None:
        """Take an exclusion away, with a consent or without; the audit log keeps it."""
        service().exclusions.remove(client_id, exclusion_id, ctx.expected_version)
