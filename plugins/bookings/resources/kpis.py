"""Figures over HTTP."""

from __future__ import annotations

from typing import Any

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.kpis import KpisQuerySchema, KpisSchema
from plugins.sdk import MethodView, allow


@blp.route("/kpis")
class Kpis(MethodView):
    """What the calendar comes to."""

    @blp.arguments(KpisQuerySchema, location="query")
    @blp.response(200, KpisSchema)
    @allow("write")
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Read utilisation, no-shows and the like of a period; a collaborator limited to their own clients reads their own"""
        return service().kpis.of(query["from"], query["to"], query["organizer"], query["tz"])
