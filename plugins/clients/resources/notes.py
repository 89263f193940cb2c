"""Notes over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.notes import NoteInputSchema, NoteQuerySchema, NoteSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, ctx, page_of


@blp.route("/<uuid:client_id>/notes")
class Notes(MethodView):
    """What is written about a client."""

    @blp.arguments(NoteQuerySchema, location="query")
    @blp.paginated(NoteSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest, client_id: UUID) -> Page:
        """List the notes about a client, pinned ones first; a Cliente finds only those shared with them."""
        return page_of(service().notes.page(client_id, query["visibility"], page.fetch, page.after), page, "pinned", "id")

    @blp.arguments(NoteInputSchema)
    @blp.response(201, NoteSchema)
    @allow("write")
    def post(self, given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Write a note."""
        return service().notes.add(client_id, given)


@blp.route("/<uuid:client_id>/notes/<uuid:note_id>")
class Note(MethodView):
    """One note."""

    @blp.response(200, NoteSchema)
    @allow("read")
    def get(self, client_id: UUID, note_id: UUID) -> dict[str, Any]:
        """Read a note."""
        return service().notes.read(client_id, note_id)

    @blp.arguments(NoteInputSchema)
    @blp.response(200, NoteSchema)
    @allow("write")
    def put(self, given: dict[str, Any], client_id: UUID, note_id: UUID) -> dict[str, Any]:
        """Replace a note of one's own (403 `not_your_note`; an Owner a shared one too); what it said before is in the audit log."""
        return service().notes.change(client_id, note_id, given, ctx.expected_version)

    @blp.arguments(NoteInputSchema(partial=True))
    @blp.response(200, NoteSchema)
    @allow("write")
    def patch(self, given: dict[str, Any], client_id: UUID, note_id: UUID) -> dict[str, Any]:
        """Change a note of one's own (403 `not_your_note`; an Owner a shared one too): pin it, share it, say it better."""
        return service().notes.change(client_id, note_id, given, ctx.expected_version)

    @blp.response(204)
    @allow("write")
    def delete(self, client_id: UUID, note_id: UUID) -> None:
        """Take a note of one's own away (403 `not_your_note`; an Owner a shared one too); the audit log keeps what it said."""
        service().notes.remove(client_id, note_id, ctx.expected_version)
