"""Series over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.series import MadeSeriesSchema, SeriesInputSchema, SeriesSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, key_required, page_of


@blp.route("/series")
class AllSeries(MethodView):
    """What repeats."""

    @blp.paginated(SeriesSchema)
    @allow("write")
    def get(self, page: PageRequest) -> Page:
        """List the series, in the order in which they were made."""
        return page_of(service().series.page(page.fetch, page.after), page, "id")

    @blp.arguments(SeriesInputSchema)
    @blp.response(201, MadeSeriesSchema)
    @allow("write")
    @key_required
    def post(self, given: dict[str, Any]) -> dict[str, Any]:
        """Book again and again, all or nothing; 409 `series_conflicts` names every occurrence whose time is taken or closed, and why. With
        `on_conflict=skip` the others are booked, and `conflicts` of the answer names those."""
        return service().series.add(given)


@blp.route("/series/<uuid:series_id>")
class OneSeries(MethodView):
    """One of them."""

    @blp.response(200, SeriesSchema, etag="whole")
    @allow("write")
    def get(self, series_id: UUID) -> Any:
        """Read a series."""
        return service().series.read(series_id)
