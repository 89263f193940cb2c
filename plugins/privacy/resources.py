"""/api/v1/audit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.privacy.plugin import plugin
from plugins.privacy.ports import Filters, ReadFilters
from plugins.privacy.schemas import AuditEntrySchema, AuditQuery, AuditReadSchema, AuditReadsQuery
from plugins.privacy.service import AuditService
from plugins.sdk import MethodView, Page, PageRequest, allow, page_of

blp = plugin.blueprint("/api/v1/audit")


def _service() -> AuditService:
    found: AuditService = plugin.service
    return found


@blp.route("")
class Audit(MethodView):
    @blp.arguments(AuditQuery, location="query")
    @blp.paginated(AuditEntrySchema)
    @allow("audit")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """What was changed in this workspace, the newest first"""
        filters = Filters(since=query.pop("from"), until=query.pop("to"), **query)
        return page_of(_service().page(filters, page.after[0] if page.after else None, page.fetch), page, "id")


@blp.route("/reads")
class AuditReads(MethodView):
    @blp.arguments(AuditReadsQuery, location="query")
    @blp.paginated(AuditReadSchema)
    @allow("reads")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """Who read sensitive records, the newest first; a Cliente is shown who read theirs"""
        filters = ReadFilters(since=query.pop("from"), until=query.pop("to"), **query)
        return page_of(_service().reads(filters, page.after[0] if page.after else None, page.fetch), page, "id")


@blp.route("/<uuid:entry_id>")
class AuditEntry(MethodView):
    @blp.response(200, AuditEntrySchema)
    @allow("audit")
    def get(self, entry_id: UUID) -> Any:
        """Read one entry"""
        return _service().read(entry_id)
