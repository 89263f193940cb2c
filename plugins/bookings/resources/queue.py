"""The queue of a class over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.bookings import BookingSchema, JoinSchema
from plugins.bookings.schemas.queue import PlaceSchema, QueuedSchema, WhosePlaceSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, conditional, ctx, page_of


@blp.route("/queues")
class Queues(MethodView):
    """What is waited for."""

    @blp.arguments(WhosePlaceSchema, location="query")
    @blp.paginated(QueuedSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """List places in the queues of classes to come, of one client or of all, the next class first; a Cliente finds their own."""
        return page_of(service().queue.places(query["client_id"], page.fetch, page.after), page, "start_time", "booking_id", "number")


@blp.route("/<uuid:booking_id>/queue")
class Queue(MethodView):
    """Who waits for a seat."""

    @blp.paginated(PlaceSchema)
    @allow("read")
    def get(self, page: PageRequest, booking_id: UUID) -> Page:
        """List who waits for a seat of a class, in order; a Cliente finds their own place."""
        return page_of(service().queue.page(booking_id, page.fetch, page.after), page, "position")

    @blp.arguments(JoinSchema)
    @blp.response(201, PlaceSchema, etag=BookingSchema)
    @allow("book")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Join the queue of a full class; 409 `not_full` while there is a seat. Whose turn it is gets a letter, and some time to accept."""
        return service().queue.join(booking_id, given["client_id"], ctx.expected_version)

    @blp.arguments(WhosePlaceSchema, location="query")
    @blp.response(204, etag=BookingSchema)
    @allow("book")
    def delete(self, query: dict[str, Any], booking_id: UUID) -> None:
        """Leave the queue; a seat that was offered goes to the next."""
        service().queue.leave(booking_id, query["client_id"], ctx.expected_version)


@blp.route("/<uuid:booking_id>/queue/accept")
class Acceptance(MethodView):
    """Taking the seat."""

    @blp.arguments(JoinSchema)
    @blp.response(200, BookingSchema)
    @allow("book")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Take the seat that is offered; 409 `not_offered` before."""
        return service().queue.accept(booking_id, given["client_id"], ctx.expected_version)
