"""Bookings over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from kernel.intervals import Interval
from plugins.bookings.ports.bookings import Search
from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.bookings import BookingInputSchema, BookingQuerySchema, BookingSchema, ChangeSchema, ParticipantSchema
from plugins.bookings.schemas.series import MovedSchema, MoveScopeSchema, ScopeSchema
from plugins.sdk import Fault, Invalid, MethodView, Page, PageRequest, allow, ctx, key_required, page_of

_EVER = Interval(datetime(1900, 1, 2, tzinfo=UTC), datetime(2200, 12, 31, tzinfo=UTC))


def search_of(query: dict[str, Any]) -> Search:
    """What the list's parameters ask for."""
    begins, ends = query["start_from"], query["start_until"]
    inside = None
    if query["view"] is not None:
        if begins or ends:
            raise Invalid(errors=[Fault("?view", "Either a view, or start_from and start_until.")])
        inside = service().views.span(query["view"], query["date"], query["tz"])
    elif query["date"] is not None:
        raise Invalid(errors=[Fault("?date", "Belongs to a view.")])
    elif begins or ends:
        begins, ends = begins or _EVER.start, ends or _EVER.end
        if ends <= begins:
            raise Invalid(errors=[Fault("?start_until", "Must be later than start_from.")])
        inside = Interval(begins, ends)
    return Search(
        inside, query["organizer"], query["client"], query["room"], query["service"], query["status"], query["status"] == "cancelled",
        query["sort"].startswith("-"),
    )  # fmt: skip


@blp.route("")
class Bookings(MethodView):
    """The calendar."""

    @blp.arguments(BookingQuerySchema, location="query")
    @blp.paginated(BookingSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """List bookings, all or of a view of the calendar; a Cliente finds those they take part in."""
        return page_of(service().booking.page(search_of(query), page.fetch, page.after), page, "start_time", "id")

    @blp.arguments(BookingInputSchema)
    @blp.response(201, BookingSchema)
    @allow("book")
    @key_required
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Book; 409 `slot_taken` names the time that is taken. A Cliente books a free slot of a service for themselves."""
        return service().booking.add(given)


@blp.route("/<uuid:booking_id>")
class Booking(MethodView):
    """One booking."""

    @blp.response(200, BookingSchema)
    @allow("read")
    def get(self, booking_id: UUID) -> Any:
        """Read a booking."""
        return service().booking.read(booking_id)

    @blp.arguments(ChangeSchema)
    @blp.response(200, BookingSchema)
    @allow("write")
    def put(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Replace a booking."""
        return service().booking.change(booking_id, given, ctx.expected_version)

    @blp.arguments(MoveScopeSchema, location="query")
    @blp.arguments(ChangeSchema(partial=True))
    @blp.response(200, MovedSchema, etag=BookingSchema)
    @allow("write")
    def patch(self, query: dict[str, Any], given: dict[str, Any], booking_id: UUID) -> Any:
        """Change the fields sent; with a scope, of more of its series, or 409 `series_conflicts`, which names those that cannot."""
        if query["scope"] != "this":
            return service().scopes.change(booking_id, query["scope"], given, ctx.expected_version, skip=query["on_conflict"] == "skip")
        return service().booking.change(booking_id, given, ctx.expected_version)

    @blp.arguments(ScopeSchema, location="query")
    @blp.response(204)
    @allow("book")
    def delete(self, query: dict[str, Any], booking_id: UUID) -> None:
        """Cancel a booking, or with a scope more of its series; it stays in the history."""
        if query["scope"] != "this":
            service().scopes.cancel(booking_id, query["scope"], ctx.expected_version)
        else:
            service().outcomes.cancel(booking_id, ctx.expected_version)


@blp.route("/<uuid:booking_id>/participants")
class Participants(MethodView):
    """Who takes part."""

    @blp.paginated(ParticipantSchema)
    @allow("read")
    def get(self, page: PageRequest, booking_id: UUID) -> Page:
        """List who takes part or did, with what they owe; a Cliente finds themself."""
        return page_of(service().booking.participants(booking_id, page.fetch, page.after), page, "client_id")
