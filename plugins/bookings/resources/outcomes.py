"""Verbs on a booking over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.bookings import (
    BookingSchema,
    CancelSchema,
    CompleteSchema,
    DeclineSchema,
    JoinSchema,
    LeaveSchema,
    NoShowSchema,
    ReassignSchema,
    RescheduleSchema,
)
from plugins.bookings.schemas.series import MovedSchema, MoveScopeSchema, ScopeSchema
from plugins.sdk import MethodView, allow, conditional, ctx


@blp.route("/<uuid:booking_id>/cancel")
class Cancellation(MethodView):
    """Calling off."""

    @blp.arguments(ScopeSchema, location="query")
    @blp.arguments(CancelSchema)
    @blp.response(200, BookingSchema)
    @allow("book")
    @conditional
    def post(self, query: dict[str, Any], given: dict[str, Any], booking_id: UUID) -> Any:
        """Cancel, saying why; at the client's wish after the free time the late fee is recorded."""
        if query["scope"] != "this":
            return service().scopes.cancel(booking_id, query["scope"], ctx.expected_version, **given)
        return service().outcomes.cancel(booking_id, ctx.expected_version, **given)


@blp.route("/<uuid:booking_id>/reschedule")
class Reschedule(MethodView):
    """Moving."""

    @blp.arguments(MoveScopeSchema, location="query")
    @blp.arguments(RescheduleSchema)
    @blp.response(200, MovedSchema, etag=BookingSchema)
    @allow("book")
    @conditional
    def post(self, query: dict[str, Any], given: dict[str, Any], booking_id: UUID) -> Any:
        """Move to another time; a Cliente to a free slot, within the cancellation policy. With a scope more of its series moves as far."""
        if query["scope"] != "this":
            start, end, skip = given["start_time"], given["end_time"], query["on_conflict"] == "skip"
            return service().scopes.reschedule(booking_id, query["scope"], ctx.expected_version, start=start, end=end, skip=skip)
        return service().outcomes.reschedule(booking_id, ctx.expected_version, start=given["start_time"], end=given["end_time"])


@blp.route("/<uuid:booking_id>/reassign")
class Reassignment(MethodView):
    """Another collaborator's."""

    @blp.arguments(ReassignSchema)
    @blp.response(200, BookingSchema)
    @allow("write")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Make it another collaborator's; what changes for others whom a collaborator does not see is not theirs to do (409 `own_clients_only`)."""
        return service().outcomes.reassign(booking_id, ctx.expected_version, given["organizer_id"])


@blp.route("/<uuid:booking_id>/approve")
class Approval(MethodView):
    """Saying yes."""

    @blp.response(200, BookingSchema)
    @allow("write")
    @conditional
    def post(self, booking_id: UUID) -> Any:
        """Approve what a client asked for."""
        return service().outcomes.approve(booking_id, ctx.expected_version)


@blp.route("/<uuid:booking_id>/decline")
class Refusal(MethodView):
    """Saying no."""

    @blp.arguments(DeclineSchema)
    @blp.response(200, BookingSchema)
    @allow("write")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Decline what a client asked for; its time is free again."""
        return service().outcomes.decline(booking_id, ctx.expected_version, given["reason"])


@blp.route("/<uuid:booking_id>/complete")
class Completion(MethodView):
    """It took place."""

    @blp.arguments(CompleteSchema, required=False)
    @blp.response(200, BookingSchema)
    @allow("write")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Note that it took place, and who did not come; said again with `missing`, that is corrected. 409 `own_clients_only` from a collaborator
        who does not see all who take part."""
        return service().outcomes.complete(booking_id, ctx.expected_version, given.get("missing"), waive_fee=given.get("waive_fee", False))


@blp.route("/<uuid:booking_id>/no-show")
class NoShow(MethodView):
    """Nobody came."""

    @blp.arguments(NoShowSchema)
    @blp.response(200, BookingSchema)
    @allow("write")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Note who did not come; the fee of the policy is recorded. A collaborator limited to their own clients says who; the class waits for
        the others."""
        return service().outcomes.no_show(booking_id, ctx.expected_version, given["client_ids"], waive_fee=given["waive_fee"])


@blp.route("/<uuid:booking_id>/join")
class Joining(MethodView):
    """A seat in a class."""

    @blp.arguments(JoinSchema)
    @blp.response(200, BookingSchema)
    @allow("book")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> Any:
        """Join a class; 409 `class_full` when no place is left. A seat that is offered to them is theirs."""
        return service().classes.join(booking_id, given["client_id"], ctx.expected_version)


@blp.route("/<uuid:booking_id>/leave")
class Leaving(MethodView):
    """Giving it back."""

    @blp.arguments(LeaveSchema)
    @blp.response(204, etag=BookingSchema)
    @allow("book")
    @conditional
    def post(self, given: dict[str, Any], booking_id: UUID) -> None:
        """Leave a class; late, the fee of the policy is recorded."""
        service().classes.leave(booking_id, given["client_id"], ctx.expected_version, waive_fee=given["waive_fee"])
