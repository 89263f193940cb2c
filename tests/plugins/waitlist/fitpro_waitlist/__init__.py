"""Waitlist: clients queue for a full booking and are promoted when a place frees."""
import uuid
from plugins.sdk import Mapped, MethodView, Model, Plugin, Refused, Role, Schema, allow, ctx, fields, reference, sa

class Settings(Schema):
    limit = fields.Integer(load_default=10)

plugin = Plugin("waitlist", api=1, requires=("clients", "bookings"), settings=Settings,
                permissions={"write": (Role.OWNER, Role.COLABORADOR, Role.CLIENTE)})

class Entry(Model, plugin=plugin):            # waitlist_entry: workspace_id, id, version, created_at, updated_at come with it
    booking_id: Mapped[uuid.UUID] = reference("bookings", on_delete="cascade")
    client_id: Mapped[uuid.UUID] = reference("clients")      # so a Cliente sees and writes only their own rows

class EntrySchema(Schema):
    id = fields.UUID(dump_only=True)
    booking_id = fields.UUID(required=True)
    client_id = fields.UUID(required=True)

blp = plugin.blueprint()                      # mounted at /api/v1/waitlist

@blp.route("/entries")
class Entries(MethodView):
    @blp.arguments(EntrySchema)
    @blp.response(201, EntrySchema)
    @allow("write")
    def post(self, data):
        ctx.lock(data["booking_id"])          # one at a time per booking, until the transaction ends
        queue = sa.select(sa.func.count()).select_from(Entry).filter_by(booking_id=data["booking_id"])
        if ctx.session.scalar(queue) >= plugin.config["limit"]:
            raise Refused("waitlist is full")     # 409, rolled back
        ctx.session.add(entry := Entry(**data))
        ctx.session.flush()
        return entry

@plugin.task(retries=3)                       # cron="0 6 * * *" makes it periodic, per workspace
def promote(booking_id):
    first = sa.select(Entry).filter_by(booking_id=booking_id).order_by(Entry.created_at).limit(1)
    if entry := ctx.session.scalar(first):
        ctx.session.delete(entry)

@plugin.hook                                  # an event the bookings plugin offers; no import of it
def bookings_cancelled(booking_id):           # a subset of the event's arguments
    promote(booking_id=booking_id)            # queued with the transaction, for this workspace only
