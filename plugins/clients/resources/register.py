"""The client register over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.clients.domain.register import Search, Sort, normalise, words_of
from plugins.clients.resources.routes import blp, service
from plugins.clients.schemas.register import ClientInputSchema, ClientQuerySchema, ClientSchema, DuplicateQuerySchema, TagSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, ctx, page_of


def search_of(query: dict[str, Any]) -> Search:
    """What the list's parameters ask for. Raises Invalid for a saved search that is not there."""
    if query["filter"] is not None:
        saved = service().filters.applied(query["filter"])
        query = {name: saved.get(name) if value is None else value for name, value in query.items()}
    tag = None if query["tag"] is None else normalise(query["tag"])
    return Search(
        query["status"], query["lifecycle_stage"], tag, query["assigned_to"], words_of(query["q"] or ""), Sort(query["sort"] or Sort.NEWEST)
    )


@blp.route("")
class Clients(MethodView):
    """The register."""

    @blp.arguments(ClientQuerySchema, location="query")
    @blp.paginated(ClientSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """List clients; a Cliente finds only themself."""
        search = search_of(query)
        rows = service().clients.find(search, page.fetch, page.after)
        return page_of(rows, page, *(("search_name", "id") if search.sort.by_name else ("id",)))

    @blp.arguments(DuplicateQuerySchema, location="query")
    @blp.arguments(ClientInputSchema)
    @blp.response(201, ClientSchema)
    @allow("write")
    def post(self, query: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Add a client; 409 `duplicate_client` names who may be the same person."""
        return service().clients.add(given, allow_duplicate=query["allow_duplicate"])


@blp.route("/<uuid:client_id>")
class Client(MethodView):
    """One client."""

    @blp.response(200, ClientSchema)
    @allow("read")
    def get(self, client_id: UUID) -> dict[str, Any]:
        """Read a client; a Cliente reads only themself."""
        return service().clients.read(client_id)

    @blp.arguments(DuplicateQuerySchema, location="query")
    @blp.arguments(ClientInputSchema)
    @blp.response(200, ClientSchema)
    @allow("write")
    def put(self, query: dict[str, Any], given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Replace what is said about a client; 409 `duplicate_client` names who has what is new."""
        return service().clients.replace(client_id, given, ctx.expected_version, allow_duplicate=query["allow_duplicate"])

    @blp.arguments(DuplicateQuerySchema, location="query")
    @blp.arguments(ClientInputSchema(partial=True))
    @blp.response(200, ClientSchema)
    @allow("write")
    def patch(self, query: dict[str, Any], given: dict[str, Any], client_id: UUID) -> dict[str, Any]:
        """Change the fields sent; status `active` brings an archived client back; 409 `duplicate_client` names who has what is new."""
        return service().clients.change(client_id, given, ctx.expected_version, allow_duplicate=query["allow_duplicate"])

    @blp.response(204)
    @allow("write")
    def delete(self, client_id: UUID) -> None:
        """Archive a client; their history stays."""
        service().clients.archive(client_id, ctx.expected_version)


@blp.route("/tags")
class Tags(MethodView):
    """Tags in use."""

    @blp.paginated(TagSchema)
    @allow("write")
    def get(self, page: PageRequest) -> Page:
        """List the tags in use, alphabetically, with how many clients carry each."""
        return page_of(service().clients.tags(page.fetch, page.after), page, "tag")
