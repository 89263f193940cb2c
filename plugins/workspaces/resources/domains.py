"""/api/v1/workspaces/{id}/domains."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.sdk import MethodView, Page, PageRequest, allow, outside, page_of, recent
from plugins.workspaces.resources.serving import blp, last, service
from plugins.workspaces.schemas.domains import ClaimSchema, DomainSchema


@blp.route("/<uuid:workspace_id>/domains")
class Domains(MethodView):
    @blp.paginated(DomainSchema)
    @allow("manage_domains")
    def get(self, page: PageRequest, workspace_id: UUID) -> Page:
        """The domains a workspace claims"""
        return page_of(service().domains.page(last(page), page.fetch), page, "domain")

    @blp.arguments(ClaimSchema)
    @blp.response(201, DomainSchema)
    @recent
    @allow("manage_domains")
    def post(self, body: dict[str, Any], workspace_id: UUID) -> Any:
        """Claim a domain; the answer says which TXT record proves it"""
        return service().domains.claim(body["domain"])


@blp.route("/<uuid:workspace_id>/domains/<string:domain>")
class Domain(MethodView):
    @blp.response(200, DomainSchema)
    @allow("manage_domains")
    def get(self, workspace_id: UUID, domain: str) -> Any:
        """Read a claimed domain"""
        return service().domains.read(domain)

    @blp.response(204)
    @recent
    @allow("manage_domains")
    def delete(self, workspace_id: UUID, domain: str) -> None:
        """Let a domain go; it no longer selects the workspace"""
        service().domains.let_go(domain)


@blp.route("/<uuid:workspace_id>/domains/<string:domain>/verify")
class DomainVerification(MethodView):
    @blp.response(200, DomainSchema)
    @allow("manage_domains")
    @outside
    def post(self, workspace_id: UUID, domain: str) -> Any:
        """Look for the TXT record now"""
        return service().domains.verify(domain)
