"""/api/v1/audit and /api/v1/privacy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from plugins.privacy.plugin import plugin
from plugins.privacy.ports import Filters, ReadFilters
from plugins.privacy.schemas import (
    AuditEntrySchema,
    AuditExportQuery,
    AuditPlaceSchema,
    AuditQuery,
    AuditReadSchema,
    AuditReadsQuery,
    PersonalDataSchema,
    VerificationSchema,
    VerifyQuery,
)
from plugins.privacy.service import Service
from plugins.sdk import MethodView, Page, PageRequest, Part, Row, Sheet, allow, ctx, file_of, lines_of, metered, page_of, with_headers, with_part

blp = plugin.blueprint("/api/v1/audit")
privacy = plugin.blueprint("/api/v1/privacy")


_COLUMNS = ("id", "at", "actor_id", "actor", "action", "table", "record_id", "before", "after", "request_id")


def _service() -> Service:
    found: Service = plugin.service
    return found


def _cells(row: Row) -> Sequence[object]:
    return [json.dumps(row[name], ensure_ascii=False) if isinstance(row[name], dict) else row[name] for name in _COLUMNS]


@blp.route("")
class Audit(MethodView):
    @blp.arguments(AuditQuery, location="query")
    @blp.paginated(AuditEntrySchema)
    @allow("audit")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """What was changed in this workspace, the newest first"""
        filters = Filters(since=query.pop("from"), until=query.pop("to"), **query)
        return page_of(_service().trail.page(filters, page.after[0] if page.after else None, page.fetch), page, "id")


@blp.route("/reads")
class AuditReads(MethodView):
    @blp.arguments(AuditReadsQuery, location="query")
    @blp.paginated(AuditReadSchema)
    @allow("reads")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """Who read sensitive records, the newest first; a Cliente is shown who read theirs"""
        filters = ReadFilters(since=query.pop("from"), until=query.pop("to"), **query)
        return page_of(_service().trail.reads(filters, page.after[0] if page.after else None, page.fetch), page, "id")


@blp.route("/verify")
class AuditVerification(MethodView):
    @blp.arguments(VerifyQuery, location="query")
    @blp.response(200, VerificationSchema)
    @allow("audit")
    def get(self, query: dict[str, Any]) -> Any:
        """Check that nothing was changed, deleted, inserted or reordered; names the row where something was

        A long trail is checked in parts: go on with `after` set to `next`. Keep `head`: shown later, it proves that the trail still
        reaches as far and is the same."""
        return _service().verification.verify(query["after"], query["limit"], query["head"])


@blp.route("/export")
class AuditExport(MethodView):
    @blp.arguments(AuditExportQuery, location="query")
    @blp.file("text/csv", "application/jsonl")
    @with_part
    @metered("exports")
    @allow("audit")
    def get(self, query: dict[str, Any], part: Part) -> Any:
        """Download entries, the newest first, as JSON Lines or CSV

        At most 10,000 at a time; the header Link names the next part. The download is itself recorded as a read."""
        kind, before = query.pop("format"), query.pop("before")
        rows, last = _service().trail.export(
            Filters(since=query.pop("from"), until=query.pop("to"), **query), cast("UUID", part.after[0]) if part.after else before
        )
        ctx.record_read("audit_logs", "export", purpose="export")
        file = lines_of("audit", rows) if kind == "jsonl" else file_of(Sheet("audit", _COLUMNS, (_cells(row) for row in rows)))
        return file if last is None else with_headers(file, part.next(last))


@blp.route("/<uuid:entry_id>")
class AuditEntry(MethodView):
    @blp.response(200, AuditPlaceSchema)
    @allow("audit")
    def get(self, entry_id: UUID) -> Any:
        """Read one entry"""
        return _service().trail.read(entry_id)


@privacy.route("/clients/<uuid:client_id>/export")
class PersonalData(MethodView):
    @privacy.response(200, PersonalDataSchema, etag=False)
    @metered("exports")
    @allow("export")
    def get(self, client_id: UUID) -> Any:
        """Take along all that is held about a client: a Cliente their own, an Owner anybody's

        Of every module, also of those that are off. The export is recorded as a read."""
        return _service().personal.export(client_id)
