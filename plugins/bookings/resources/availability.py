"""Free times and holds over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.bookings import AvailabilityQuerySchema, AvailabilitySchema, HoldInputSchema, HoldSchema
from plugins.bookings.service.availability import Asked
from plugins.sdk import MethodView, allow, digested, key_required, ready


@blp.route("/availability")
class Availability(MethodView):
    """What can be booked."""

    @blp.arguments(AvailabilityQuerySchema, location="query")
    @blp.response(200, AvailabilitySchema)
    @allow("read")
    @digested
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List the free times of a service, a day at a time; `Cache-Control: no-cache` computes them anew."""
        asked = Asked(query["service"], query["organizer"], query["from"], query["to"], query["tz"])
        days = service().availability.days(asked)
        return {"items": [ready(each) for each in days], "next_cursor": None}


@blp.route("/holds")
class Holds(MethodView):
    """Slots held while their booking is written."""

    @blp.arguments(HoldInputSchema)
    @blp.response(201, HoldSchema)
    @allow("book")
    @key_required
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Hold a slot for some minutes; book it with `hold_id`."""
        return service().holds.add(given)


@blp.route("/holds/<uuid:hold_id>")
class Hold(MethodView):
    """One of them."""

    @blp.response(204)
    @allow("book")
    def delete(self, hold_id: UUID) -> None:
        """Let a slot go."""
        service().holds.end(hold_id)
