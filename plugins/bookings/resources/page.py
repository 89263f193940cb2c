"""The public booking page over HTTP."""

from __future__ import annotations

from typing import Any

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.page import PublicAvailabilityQuerySchema, PublicAvailabilitySchema, PublicQuerySchema, PublicServiceSchema
from plugins.bookings.service.availability import Asked
from plugins.sdk import PUBLIC, MethodView, Page, PageRequest, RequestHeaders, allow, cached, headed, may_answer, page_of, ready


@blp.route("/public/services")
class PublicServices(MethodView):
    """What strangers may book."""

    @blp.arguments(PublicQuerySchema, location="query")
    @blp.paginated(PublicServiceSchema)
    @headed
    @cached(300)
    @allow(PUBLIC)
    @may_answer(404)
    def get(self, query: dict[str, Any], headers: RequestHeaders, page: PageRequest) -> Page:
        """List the services on a workspace's public booking page, by name."""
        return page_of(service().page.services(query["domain"] or headers.host, page.fetch, page.after), page, "name", "id")


@blp.route("/public/availability")
class PublicAvailability(MethodView):
    """When."""

    @blp.arguments(PublicAvailabilityQuerySchema, location="query")
    @blp.response(200, PublicAvailabilitySchema)
    @headed
    @cached(60)
    @allow(PUBLIC)
    @may_answer(404)
    def get(self, query: dict[str, Any], headers: RequestHeaders) -> dict[str, Any]:
        """List the free times of a service on a workspace's public booking page, whoever offers it, a day at a time."""
        asked = Asked(query["service"], None, query["from"], query["to"], query["tz"])
        days = service().page.days(query["domain"] or headers.host, asked)
        return {"items": [ready(each) for each in days], "next_cursor": None}
