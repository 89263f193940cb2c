"""Bookings, as little of them as a plugin that listens to them needs. Gives way to the real plugin of this name."""

import uuid
from datetime import datetime

from plugins.sdk import STAFF, Mapped, MethodView, Model, Plugin, Schema, allow, ctx, fields, mapped_column, reference

plugin = Plugin("bookings", api=1, requires=("clients",), permissions={"write": STAFF})


class Booking(Model, plugin=plugin):
    __tablename__ = "bookings"
    client_id: Mapped[uuid.UUID] = reference("clients")
    start_time: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default="booked", default="booked")


class BookingSchema(Schema):
    id = fields.UUID(dump_only=True)
    client_id = fields.UUID(required=True)
    start_time = fields.DateTime(required=True)
    status = fields.String(dump_only=True)


@plugin.event
def bookings_cancelled(booking_id: uuid.UUID) -> None:
    """After a booking was cancelled."""


blp = plugin.blueprint()


@blp.route("")
class Bookings(MethodView):
    @blp.arguments(BookingSchema)
    @blp.response(201, BookingSchema)
    @allow("write")
    def post(self, data):
        """Book a client in."""
        ctx.session.add(booking := Booking(**data))
        ctx.session.flush()
        return booking


@blp.route("/<uuid:booking_id>")
class OneBooking(MethodView):
    @blp.response(204)
    @allow("write")
    def delete(self, booking_id):
        """Cancel a booking."""
        ctx.get(Booking, booking_id).status = "cancelled"
        bookings_cancelled(booking_id=booking_id)
