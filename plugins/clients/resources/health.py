"""Health data and consents over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.health import ConsentInputSchema, ConsentSchema, HealthInputSchema, HealthSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, ctx, page_of


@blp.route("/<uuid:client_id>/health")
class Health(MethodView):
    """A client's health data, sealed at rest."""

    @blp.response(200, HealthSchema)
    @allow("health")
    def get(self, client_id: UUID) -> dict[str, Any]:
        """Read a client's health data; each reading is recorded, and the client sees by whom. Staff needs the client's consent."""
        return service().health.read(client_id)

    @blp.arguments(HealthInputSchema)
    @blp.response(200, HealthSchema)
    @allow("health")
    def put(self, given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Replace a client's health data; refused without the client's consent."""
        return service().health.replace(client_id, given, ctx.expected_version)


@blp.route("/<uuid:client_id>/consents")
class Consents(MethodView):
    """What a client agreed to."""

    @blp.paginated(ConsentSchema)
    @allow("health")
    def get(self, page: PageRequest, client_id: UUID) -> Page:
        """List a client's consents, the newest first, those taken back included."""
        return page_of(service().consents.page(client_id, page.fetch, page.after[0] if page.after else None), page, "id")

    @blp.arguments(ConsentInputSchema)
    @blp.response(201, ConsentSchema)
    @allow("health")
    def post(self, given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Give a consent, or attest that the client gave it; it replaces the one in force."""
        return service().consents.give(client_id, given)


@blp.route("/<uuid:client_id>/consents/<uuid:consent_id>")
class Consent(MethodView):
    """One consent."""

    @blp.response(204)
    @allow("health")
    def delete(self, client_id: UUID, consent_id: UUID) -> None:
        """Take a consent back; it stays as history, and what it covered is closed to staff at once."""
        service().consents.withdraw(client_id, consent_id, ctx.expected_version)
