"""Work on many clients over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from plugins.clients.domain.imports.columns import header_of
from plugins.clients.domain.imports.custom import Custom, custom_cell
from plugins.clients.domain.imports.tags import tags_cell
from plugins.clients.plugin import plugin
from plugins.clients.resources.register import search_of
from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.many import (
    BulkAnswerSchema,
    BulkSchema,
    ExportQuerySchema,
    FilterInputSchema,
    FilterSchema,
    MergeSchema,
    TimelineEntrySchema,
)
from plugins.clients.schemas.register import ClientSchema
from plugins.sdk import (
    MethodView,
    Page,
    PageRequest,
    Separator,
    Sheet,
    SheetFormat,
    allow,
    conditional,
    ctx,
    file_of,
    json_schema,
    metered,
    page_of,
)

COLUMNS = (
    "id", "full_name", "email", "phone", "birth_date", "status", "tags", "notes", "assigned_to", "created_at", "updated_at", "archived_at",
    "lifecycle_stage", "lifecycle_since", "merged_into",
)  # fmt: skip
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blp.route("/export")
class Export(MethodView):
    """Taking clients out."""

    @blp.arguments(ExportQuerySchema, location="query")
    @blp.file("text/csv", XLSX)
    @metered("exports")
    @allow("write")
    def get(self, query: dict[str, Any]) -> Any:
        """Download clients as CSV or XLSX, custom fields included, filtered as the list is; an import reads the CSV back."""
        ctx.record_read("clients", "export", purpose=f"export as {query['format']}")
        own = [Custom(name, defined) for name, defined in json_schema(plugin.config["custom_fields"]).properties.items()]
        columns = (*COLUMNS, *(header_of(each) for each in own))
        sheet = Sheet("clients", columns, _cells(service().exports.every(search_of(query)), own))
        return file_of(sheet, SheetFormat(query["format"]), Separator(query["separator"]))


@blp.route("/<uuid:client_id>/merge")
class Merge(MethodView):
    """Two records of one person."""

    @blp.arguments(MergeSchema)
    @blp.response(200, ClientSchema)
    @allow("write")
    @conditional
    def post(self, given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Make another record part of this one: all that refers to it, in every module, refers to this one; it is archived. It cannot be undone:
        send `If-Match` with the version that was looked at."""
        chosen, leave = given["fields_"], given["leave_conflicts"]
        return service().merging.merge(client_id, given["source"], chosen, ctx.expected_version, leave_conflicts=leave)


@blp.route("/bulk")
class Bulk(MethodView):
    """The same change to many."""

    @blp.arguments(BulkSchema, example={"action": "tag", "ids": ["01a209fa-1b88-70fc-9f7a-0bed25e18005"], "tags": ["vip"]})
    @blp.response(200, BulkAnswerSchema)
    @allow("write")
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Tag, untag, assign, move to a lifecycle stage or archive up to 500 clients; each has its own result."""
        return service().bulk.change(given["ids"], given, all_or_nothing=given["all_or_nothing"])


@blp.route("/<uuid:client_id>/timeline")
class Timeline(MethodView):
    """A client's past."""

    @blp.paginated(TimelineEntrySchema)
    @allow("write")
    def get(self, page: PageRequest, client_id: UUID) -> Page:
        """List what happened to a client, newest first, as every module that is on tells it."""
        rows = service().timeline.page(client_id, page.fetch, page.after)
        return page_of([{**row, "moment": row["at"].isoformat()} for row in rows], page, "moment", "place", "seen")


@blp.route("/filters")
class Filters(MethodView):
    """Saved searches."""

    @blp.paginated(FilterSchema)
    @allow("write")
    def get(self, page: PageRequest) -> Page:
        """List one's own saved searches and those that others share."""
        return page_of(service().filters.page(page.fetch, page.after), page, "id")

    @blp.arguments(FilterInputSchema)
    @blp.response(201, FilterSchema)
    @allow("write")
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep a search."""
        return service().filters.add(given)


@blp.route("/filters/<uuid:filter_id>")
class Filter(MethodView):
    """One saved search."""

    @blp.response(200, FilterSchema)
    @allow("write")
    def get(self, filter_id: UUID) -> dict[str, Any]:
        """Read a saved search."""
        return dict(service().filters.read(filter_id))

    @blp.arguments(FilterInputSchema)
    @blp.response(200, FilterSchema)
    @allow("write")
    def put(self, given: dict[str, Any], filter_id: UUID) -> dict[str, Any]:
        """Replace one's own saved search."""
        return dict(service().filters.change(filter_id, given, ctx.expected_version))

    @blp.response(204)
    @allow("write")
    def delete(self, filter_id: UUID) -> None:
        """Keep a search of one's own no longer; an Owner also one that another shares."""
        service().filters.remove(filter_id, ctx.expected_version)


def _cells(rows: Iterator[Mapping[str, Any]], own: Sequence[Custom]) -> Iterator[list[object]]:
    for row in rows:
        cells = [tags_cell(row["tags"]) if name == "tags" else row[name] for name in COLUMNS]
        yield cells + [custom_cell(row["custom_fields"].get(each.name)) for each in own]
