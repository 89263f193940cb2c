"""Imports over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.clients.ports.imports import Options
from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.imports import EXAMPLE, MEDIA, ImportQuerySchema, ImportSchema, ImportSummarySchema, load_client
from plugins.sdk import MethodView, Page, PageRequest, Upload, allow, page_of


@blp.route("/import")
class Import(MethodView):
    """Bringing clients in."""

    @blp.arguments(ImportQuerySchema, location="query")
    @blp.upload(*MEDIA, example=EXAMPLE)
    @blp.response(200, ImportSchema)
    @allow("write")
    def post(self, query: dict[str, Any], file: Upload) -> dict[str, Any]:
        """Import a CSV of clients in the background, or say what importing it would do (`dry_run`)."""
        options = Options(query["mode"], query["allow_duplicate"], query["date_order"], file.charset)
        if query["dry_run"]:
            return service().imports.preview(file.content, options, load_client)
        return service().imports.start(file.content, options)


@blp.route("/imports")
class Imports(MethodView):
    """Imports so far."""

    @blp.paginated(ImportSummarySchema)
    @allow("write")
    def get(self, page: PageRequest) -> Page:
        """List imports, newest first."""
        return page_of(service().imports.page(page.fetch, page.after), page, "id")


@blp.route("/imports/<uuid:import_id>")
class ImportState(MethodView):
    """One import."""

    @blp.response(200, ImportSchema)
    @allow("write")
    def get(self, import_id: UUID) -> dict[str, Any]:
        """Read how far an import is, and its problems."""
        return dict(service().imports.read(import_id))
