"""What is free, asked of PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from kernel.intervals import Interval
from plugins.bookings.models.booked import revisions, times
from plugins.bookings.models.calendars import external_busy
from plugins.bookings.models.offered import rooms, schedules, service_rooms, services, staff, time_off
from plugins.bookings.repository.conditions import here, ids
from plugins.bookings.repository.offering import SHOWN
from plugins.sdk import Row, ctx, sa, statement, tables

_T: Final = times.c
_O: Final = time_off.c
_W: Final = tables.workspaces.c
_R: Final = revisions.c
_X: Final = external_busy.c
_IDS: Final = sa.ARRAY(sa.Uuid)
_SUBJECTS: Final = sa.union_all(
    sa.select(staff.c.user_id.label("id")).where(staff.c.workspace_id == sa.bindparam("workspace_id"), staff.c.service_id == sa.bindparam("id")),
    sa.select(service_rooms.c.room_id).where(
        service_rooms.c.workspace_id == sa.bindparam("workspace_id"), service_rooms.c.service_id == sa.bindparam("id")
    ),
    sa.select(sa.bindparam("workspace_id", type_=sa.Uuid)),
    sa.select(sa.bindparam("id", type_=sa.Uuid)),  # its classes, whoever teaches them
).cte("subjects")
_REVISIONS: Final = (
    sa.select(sa.func.string_agg(sa.cast(_R.subject, sa.Text) + ":" + sa.cast(_R.revision, sa.Text), sa.text("' ' order by subject")))
    .where(_R.workspace_id == sa.bindparam("workspace_id"), _R.subject.in_(sa.select(_SUBJECTS.c.id)))
    .scalar_subquery()
)
_HOLDS: Final = (
    sa.select(sa.func.string_agg(sa.cast(_T.id, sa.Text), sa.text("' ' order by id")))
    .where(
        _T.workspace_id == sa.bindparam("workspace_id"), _T.expires_at > sa.func.clock_timestamp(),
        sa.or_(_T.organizer_id.in_(sa.select(_SUBJECTS.c.id)), _T.room_id.in_(sa.select(_SUBJECTS.c.id))),
    )
    .scalar_subquery()
)  # fmt: skip
_IN_USE: Final = ids(
    sa.select(rooms.c.id)
    .join(service_rooms, sa.and_(service_rooms.c.workspace_id == rooms.c.workspace_id, service_rooms.c.room_id == rooms.c.id))
    .where(service_rooms.c.workspace_id == services.c.workspace_id, service_rooms.c.service_id == services.c.id, rooms.c.archived_at.is_(None))
    .order_by(rooms.c.id)
)
BASIS: Final = statement(
    sa.select(*SHOWN, _W.timezone, _IN_USE.label("rooms_in_use"), _REVISIONS.label("revisions"), _HOLDS.label("holds"))
    .join(tables.workspaces, _W.id == services.c.workspace_id)
    .where(here(services))
)
_service: Final = sa.bindparam("service_id", type_=sa.Uuid)
_people: Final = sa.bindparam("people", type_=_IDS)
_rooms: Final = sa.bindparam("rooms", type_=_IDS)
_begins: Final = sa.bindparam("begins", type_=sa.DateTime(timezone=True))
_ends: Final = sa.bindparam("ends", type_=sa.DateTime(timezone=True))
SCHEDULES: Final = statement(
    sa.select(schedules.c.user_id, schedules.c.timezone, schedules.c.weekly, schedules.c.overrides).where(
        schedules.c.workspace_id == sa.bindparam("workspace_id"), schedules.c.user_id == sa.func.any(_people)
    )
)
TIME_OFF: Final = statement(
    sa.select(_O.user_id, _O.room_id, _O.starts_at, _O.ends_at).where(
        _O.workspace_id == sa.bindparam("workspace_id"), _O.starts_at < _ends, _O.ends_at > _begins,
        sa.or_(_O.user_id == sa.func.any(_people), _O.room_id == sa.func.any(_rooms), sa.and_(_O.user_id.is_(None), _O.room_id.is_(None))),
    )
)  # fmt: skip
# Buffers are at most twelve hours, bookings a day: what reaches into the span begins at most so long before it.
_LIVE: Final = sa.or_(_T.expires_at.is_(None), _T.expires_at > sa.func.clock_timestamp())
TAKEN: Final = statement(
    sa.select(
        _T.id, _T.organizer_id, _T.room_id, sa.func.lower(_T.blocked).label("begins"), sa.func.upper(_T.blocked).label("ends"),
        _T.starts_at, _T.ends_at, (_T.capacity - _T.taken).label("seats_left"),
        sa.func.coalesce(sa.and_(_T.service_id == _service, _T.booking_id.is_not(None), _T.capacity > 1), sa.false()).label("is_class"),
    )
    .where(
        _T.workspace_id == sa.bindparam("workspace_id"),
        sa.or_(_T.organizer_id == sa.func.any(_people), _T.room_id == sa.func.any(_rooms), _T.service_id == _service),
        _T.starts_at > _begins - sa.text("interval '36 hours'"), _T.starts_at < _ends + sa.text("interval '12 hours'"), _LIVE,
    )
    .order_by(_T.starts_at, _T.id)
)  # fmt: skip
EXTERNAL: Final = statement(
    sa.select(_X.user_id, _X.starts_at, _X.ends_at).where(
        _X.workspace_id == sa.bindparam("workspace_id"), _X.user_id == sa.func.any(_people), _X.starts_at < _ends, _X.ends_at > _begins
    )
)
TEACHES: Final = statement(
    sa.select(sa.true())
    .where(
        _T.workspace_id == sa.bindparam("workspace_id"), _T.organizer_id == sa.bindparam("organizer_id"), _T.service_id == sa.bindparam("id"),
        _T.booking_id.is_not(None), _T.capacity > 1,
    )
    .limit(1)
)  # fmt: skip


class Free:
    """plugins.bookings.ports.free.Free on the open transaction."""

    def basis(self, service_id: UUID) -> Row | None:
        return ctx.work.one(BASIS, id=service_id)

    def schedules(self, people: Collection[UUID]) -> Sequence[Row]:
        return ctx.work.rows(SCHEDULES, people=list(people))

    def time_off(self, people: Collection[UUID], rooms: Collection[UUID], span: Interval) -> Sequence[Row]:
        return ctx.work.rows(TIME_OFF, **_asked(people, rooms, span))

    def taken(self, service_id: UUID, people: Collection[UUID], rooms: Collection[UUID], span: Interval) -> Sequence[Row]:
        return ctx.work.rows(TAKEN, service_id=service_id, **_asked(people, rooms, span))

    def external(self, people: Collection[UUID], span: Interval) -> Sequence[Row]:
        return ctx.work.rows(EXTERNAL, people=list(people), begins=span.start, ends=span.end)

    def teaches(self, service_id: UUID, organizer_id: UUID) -> bool:
        return ctx.work.one(TEACHES, id=service_id, organizer_id=organizer_id) is not None


def _asked(people: Collection[UUID], rooms: Collection[UUID], span: Interval) -> dict[str, Any]:
    return {"people": list(people), "rooms": list(rooms), "begins": span.start, "ends": span.end}
