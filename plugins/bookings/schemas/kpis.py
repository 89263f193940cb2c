"""Figures over the wire."""

from __future__ import annotations

from plugins.sdk import QuerySchema, Schema, fields


def _count(description: str, example: int = 0) -> fields.Integer:
    return fields.Integer(metadata={"description": description, "example": example})


class KpisQuerySchema(QuerySchema):
    """Of which days, and whose."""

    from_ = fields.Date(data_key="from", attribute="from", required=True, metadata={"description": "The first day.", "example": "2026-11-01"})
    to = fields.Date(required=True, metadata={"description": "The last day, at most 365 later.", "example": "2026-11-30"})
    organizer = fields.UUID(load_default=None, metadata={"description": "Of this collaborator alone; without it, of everybody."})
    tz = fields.Timezone(load_default=None, metadata={"description": "Whose days; without it, the workspace's.", "example": "Europe/Lisbon"})


class StatusesSchema(Schema):
    """Bookings that start in the period, by what became of them."""

    pending = _count("Asked for.")
    booked = _count("Standing.", 4)
    cancelled = _count("Called off or declined.", 1)
    completed = _count("Took place.", 30)
    no_show = _count("Nobody came.", 1)


class FiguresSchema(Schema):
    """Each rate with what it is made of: `utilisation` is `booked_minutes` / `available_minutes`, `no_show_rate` is `missed` /
    (`attended` + `missed`); null of nothing."""

    available_minutes = _count("Working hours as they stand now, without time off and days the studio was closed.", 2400)
    booked_minutes = _count("Of what is booked, completed or missed, without buffers; also outside the hours.", 1800)
    utilisation = fields.Decimal(allow_none=True, metadata={"example": 0.75})
    bookings = fields.Nested(StatusesSchema)
    attended = _count("Clients who came, each time.", 38)
    missed = _count("Clients who did not, of what was not called off afterwards.", 2)
    unmarked = _count("Clients of bookings that are over of whom nothing is noted; in no rate.", 3)
    no_show_rate = fields.Decimal(allow_none=True, metadata={"example": 0.05})
    late_cancellations = _count(
        "Called off by the client after the free time, but for requests, and seats of classes given back for the late fee.", 1
    )
    new_clients = _count("Clients whose first booking here lies in the period.", 2)
    returning_clients = _count("Clients who had one before.", 11)


class CollaboratorFiguresSchema(FiguresSchema):
    """The same of one collaborator."""

    organizer_id = fields.UUID()
    full_name = fields.String(metadata={"example": "Rui Almeida"})


class KpisSchema(Schema):
    """Figures of a period."""

    from_ = fields.Date(data_key="from", attribute="from", metadata={"example": "2026-11-01"})
    to = fields.Date(metadata={"example": "2026-11-30"})
    timezone = fields.String(metadata={"description": "Whose days they are.", "example": "Europe/Lisbon"})
    total = fields.Nested(FiguresSchema, metadata={"description": "Of everybody in `collaborators` together; a client of two counts once."})
    collaborators = fields.List(
        fields.Nested(CollaboratorFiguresSchema), metadata={"description": "The staff, and who was and had bookings then; by name."}
    )
