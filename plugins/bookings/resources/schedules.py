"""Working hours, time off and closures over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.schedules import ScheduleInputSchema, ScheduleSchema, TimeOffInputSchema, TimeOffQuerySchema, TimeOffSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, ctx, page_of


@blp.route("/schedules/<uuid:user_id>")
class Schedule(MethodView):
    """When somebody works."""

    @blp.response(200, ScheduleSchema)
    @allow("write")
    def get(self, user_id: UUID) -> Any:
        """Read somebody's hours."""
        return service().schedules.read(user_id)

    @blp.arguments(ScheduleInputSchema)
    @blp.response(200, ScheduleSchema)
    @allow("write")
    def put(self, given: dict[str, Any], user_id: UUID) -> Any:
        """Replace somebody's hours; a Colaborador's own only."""
        return service().schedules.replace(user_id, given, ctx.expected_version)


@blp.route("/time-off")
class TimesOff(MethodView):
    """Who is away, and what is closed."""

    @blp.arguments(TimeOffQuerySchema, location="query")
    @blp.paginated(TimeOffSchema)
    @allow("write")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """List time off and closures, by start."""
        rows = service().schedules.page(query["user_id"], query["room_id"], query["since"], page.fetch, page.after)
        return page_of(rows, page, "starts_at", "id")

    @blp.arguments(TimeOffInputSchema)
    @blp.response(201, TimeOffSchema)
    @allow("write")
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take time off, or close a room or the studio; what is booked then stays booked, and no series comes to it. A Colaborador's own only."""
        return service().schedules.add(given)


@blp.route("/time-off/<uuid:time_off_id>")
class TimeOff(MethodView):
    """One of them."""

    @blp.response(200, TimeOffSchema)
    @allow("write")
    def get(self, time_off_id: UUID) -> Any:
        """Read time off."""
        return service().schedules.one(time_off_id)

    @blp.arguments(TimeOffInputSchema)
    @blp.response(200, TimeOffSchema)
    @allow("write")
    def put(self, given: dict[str, Any], time_off_id: UUID) -> Any:
        """Replace time off."""
        return service().schedules.replace_off(time_off_id, given, ctx.expected_version)

    @blp.response(204)
    @allow("write")
    def delete(self, time_off_id: UUID) -> None:
        """Take time off away; the audit log keeps it."""
        service().schedules.remove(time_off_id, ctx.expected_version)
