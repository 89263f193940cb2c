"""Calendars of other applications over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.imports import CalendarInputSchema, CalendarSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, ctx, outside, page_of


@blp.route("/calendars")
class Calendars(MethodView):
    """One's own."""

    @blp.paginated(CalendarSchema)
    @allow("write")
    def get(self, page: PageRequest) -> Page:
        """List your calendars elsewhere, without their addresses."""
        return page_of(service().imports.page(page.fetch, page.after), page, "id")

    @blp.arguments(CalendarInputSchema)
    @blp.response(201, CalendarSchema)
    @allow("write")
    @outside
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Have a calendar elsewhere read, at once and every hour; its events are times at which you are not offered."""
        return service().imports.add(given)


@blp.route("/calendars/<uuid:calendar_id>")
class Calendar(MethodView):
    """One of them."""

    @blp.response(204)
    @allow("write")
    def delete(self, calendar_id: UUID) -> None:
        """Read it no more; its times are free."""
        service().imports.remove(calendar_id, ctx.expected_version)


@blp.route("/calendars/<uuid:calendar_id>/refresh")
class CalendarReading(MethodView):
    """Not waiting for the hour."""

    @blp.response(200, CalendarSchema)
    @allow("write")
    @outside
    def post(self, calendar_id: UUID) -> Any:
        """Read it now; `status` says what came of it."""
        return service().imports.refresh(calendar_id)
