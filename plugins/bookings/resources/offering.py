"""Services and rooms over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from plugins.bookings.resources.routes import blp, service
from plugins.bookings.schemas.offering import ArchivedQuerySchema, RoomInputSchema, RoomSchema, ServiceInputSchema, ServiceSchema
from plugins.sdk import MethodView, Page, PageRequest, allow, ctx, page_of


@blp.route("/services")
class Services(MethodView):
    """What is offered."""

    @blp.arguments(ArchivedQuerySchema, location="query")
    @blp.paginated(ServiceSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """List the services, by name."""
        return page_of(service().offering.services(query["archived"], page.fetch, page.after), page, "name", "id")

    @blp.arguments(ServiceInputSchema)
    @blp.response(201, ServiceSchema)
    @allow("configure")
    def post(self, given: dict[str, Any]) -> Any:
        """Offer a service."""
        return service().offering.add_service(given)


@blp.route("/services/<uuid:service_id>")
class Service(MethodView):
    """One service."""

    @blp.response(200, ServiceSchema, etag="whole")
    @allow("read")
    def get(self, service_id: UUID) -> Any:
        """Read a service."""
        return service().offering.service(service_id)

    @blp.arguments(ServiceInputSchema)
    @blp.response(200, ServiceSchema)
    @allow("configure")
    def put(self, given: dict[str, Any], service_id: UUID) -> Any:
        """Replace a service's terms; bookings made before keep theirs."""
        return service().offering.change_service(service_id, given, ctx.expected_version)

    @blp.arguments(ServiceInputSchema(partial=True))
    @blp.response(200, ServiceSchema)
    @allow("configure")
    def patch(self, given: dict[str, Any], service_id: UUID) -> Any:
        """Change the terms sent."""
        return service().offering.change_service(service_id, given, ctx.expected_version)

    @blp.response(204)
    @allow("configure")
    def delete(self, service_id: UUID) -> None:
        """Offer it no more; what is booked stays booked."""
        service().offering.archive_service(service_id, ctx.expected_version)


@blp.route("/rooms")
class Rooms(MethodView):
    """Where things take place."""

    @blp.arguments(ArchivedQuerySchema, location="query")
    @blp.paginated(RoomSchema)
    @allow("read")
    def get(self, query: dict[str, Any], page: PageRequest) -> Page:
        """List the rooms, by name."""
        return page_of(service().offering.rooms(query["archived"], page.fetch, page.after), page, "name", "id")

    @blp.arguments(RoomInputSchema)
    @blp.response(201, RoomSchema)
    @allow("configure")
    def post(self, given: dict[str, Any]) -> Any:
        """Add a room."""
        return service().offering.add_room(given)


@blp.route("/rooms/<uuid:room_id>")
class Room(MethodView):
    """One room."""

    @blp.response(200, RoomSchema)
    @allow("read")
    def get(self, room_id: UUID) -> Any:
        """Read a room."""
        return service().offering.room(room_id)

    @blp.arguments(RoomInputSchema)
    @blp.response(200, RoomSchema)
    @allow("configure")
    def put(self, given: dict[str, Any], room_id: UUID) -> Any:
        """Replace what is said about a room."""
        return service().offering.change_room(room_id, given, ctx.expected_version)

    @blp.response(204)
    @allow("configure")
    def delete(self, room_id: UUID) -> None:
        """Use a room no more; 409 `room_needed` while bookings to come are in it, `only_room` while a service has no other."""
        service().offering.archive_room(room_id, ctx.expected_version)
