"""Calendars to subscribe to over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.domain.ical import MEDIA_TYPE
from plugins.bookings.plugin import plugin
from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.feeds import FeedInputSchema, FeedQuerySchema, FeedSchema, NewFeedSchema
from plugins.sdk import (
    PUBLIC,
    MethodView,
    Page,
    PageRequest,
    RequestHeaders,
    allow,
    confidential,
    ctx,
    digested,
    headed,
    may_answer,
    page_of,
    revised,
)

ical = plugin.blueprint("/ical")


@blp.route("/feeds")
class Feeds(MethodView):
    """One's own."""

    @blp.paginated(FeedSchema)
    @allow("read")
    def get(self, page: PageRequest) -> Page:
        """List your feeds, without their addresses."""
        return page_of(service().feeds.page(page.fetch, page.after), page, "id")

    @blp.arguments(FeedInputSchema)
    @blp.response(201, NewFeedSchema)
    @allow("read")
    @confidential
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Make a feed of your bookings; its address is told once. People alone do: it would outlive an API key."""
        return service().feeds.add(given["mode"])


@blp.route("/feeds/<uuid:feed_id>")
class Feed(MethodView):
    """One of them."""

    @blp.response(204)
    @allow("read")
    def delete(self, feed_id: UUID) -> None:
        """Revoke a feed: its address opens nothing any more. People alone do."""
        service().feeds.revoke(feed_id, ctx.expected_version)


@blp.route("/feeds/<uuid:feed_id>/regenerate")
class FeedAddress(MethodView):
    """Where it is read."""

    @blp.response(200, NewFeedSchema)
    @allow("read")
    @confidential
    def post(self, feed_id: UUID) -> dict[str, Any]:
        """Give a feed another address; the earlier one opens nothing any more. People alone do."""
        return service().feeds.regenerate(feed_id)


@ical.route("/<token>.ics")
class Ical(MethodView):
    """What applications read."""

    @ical.arguments(FeedQuerySchema, location="query")
    @ical.file("text/calendar")
    @digested
    @headed
    @allow(PUBLIC)
    @may_answer(403, 404)
    def get(self, query: dict[str, Any], headers: RequestHeaders, token: str) -> Any:
        """Read a calendar by its secret address, as iCalendar (RFC 5545)."""
        found = service().feeds.read(token, busy=query["mode"] is not None)
        return revised(found.make, found.revision, headers, media=MEDIA_TYPE, name="bookings.ics")
