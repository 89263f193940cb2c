"""Bookings in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from kernel.intervals import Interval
from plugins.bookings.domain.booking import GIVEN_AWAY
from plugins.bookings.models.booked import bookings, participants, times
from plugins.bookings.models.offered import staff
from plugins.bookings.ports.bookings import Search
from plugins.bookings.repository.attendance import Attendance
from plugins.bookings.repository.conditions import NOBODY, collaborator, here, if_named, last_of, money, room_in_use
from plugins.sdk import Document, Fault, Forbidden, Invalid, Refused, Row, constraints, ctx, sa, sql, statement, together

_B: Final = bookings.c
_P: Final = participants.c
_T: Final = times.c

constraints["fk_bookings_service_id"] = lambda: Invalid(code="invalid_reference", errors=[Fault("/service_id", "No such service in this workspace.")])
constraints["fk_bookings_participant_client_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/client_ids", "Not every one of them is a client of this workspace.")]
)
constraints["bookings_participant.scope"] = lambda: Invalid(
    code="own_clients_only", errors=[Fault("/client_ids", "You are limited to your own clients.")]
)
# Nobody writes what they do not see afterwards.
constraints["bookings.scope"] = lambda: Refused(GIVEN_AWAY, code="own_clients_only")
constraints["bookings_participant.cliente"] = lambda: Forbidden("You book for yourself.")

_VISIBLE: Final = (
    sa.select(_P.client_id)
    .where(_P.workspace_id == _B.workspace_id, _P.booking_id == _B.id, _P.status != "left")
    .order_by(_P.client_id)
    .scalar_subquery()
)
_SEES_ALL: Final = sa.select(sa.and_(sa.func.app.client().is_(None), sa.func.app.own().is_(None))).scalar_subquery()
# A participant looked for in each row costs as much as the row itself: only for whom some are hidden from.
_CLIENTS: Final = sa.func.to_json(sa.case((_SEES_ALL, _B.attending), else_=sa.func.array(_VISIBLE))).label("client_ids")
_TAKEN: Final = sa.case(
    (_B.status == "cancelled", sa.null()),
    (_B.capacity == 1, sa.func.cardinality(_B.attending)),
    else_=sa.select(_T.taken).where(_T.workspace_id == _B.workspace_id, _T.id == _B.id).scalar_subquery(),
).label("seats_taken")
_ALL: Final = sa.func.to_json(_B.attending).label("client_ids")
"""For who is known to see every client: a plan with the others' part in it costs each page what fifteen rows do."""
# In the order of BookingSchema, so that a row leaves as it came.
SHOWN: Final = (
    _B.id, _B.title, _B.organizer_id, _CLIENTS, _B.service_id, _B.room_id, _B.series_id, _B.start_time, _B.end_time, _B.location_kind, _B.location,
    _B.status, _B.capacity, _TAKEN, money(_B.price_amount, _B.price_currency, "price"), _B.notes, _B.cancelled_at, _B.cancelled_by, _B.cancel_reason,
    _B.booked_by, _B.version, _B.created_at, _B.updated_at,
)  # fmt: skip
_LATER: Final = frozenset(
    {"version", "sequence", "series_id", "occurrence", "unapproved", "cancelled_at", "cancelled_by", "cancel_reason"}
)  # fmt: skip
"""What a new booking has by default, and only later something else."""
_SET: Final = (
    "organizer_id", "room_id", "title", "start_time", "end_time", "location_kind", "location", "status", "notes", "cancelled_at", "cancelled_by",
    "cancel_reason", "unapproved", "sequence", "capacity",
)  # fmt: skip


def _organizer() -> sa.ColumnElement[Any]:
    given = sa.bindparam("organizer_id", type_=sa.Uuid)
    return sa.case((sa.bindparam("vouched", type_=sa.Boolean), given), else_=collaborator("organizer_id"))


_CHECKED: Final = {"organizer_id": _organizer(), "room_id": room_in_use()}


def _offering() -> sa.ColumnElement[Any]:
    """A client, who sees no members, books with whoever offers the service at this moment: they may have left since it was looked at."""
    theirs = (
        staff.c.workspace_id == sa.bindparam("workspace_id"), staff.c.service_id == sa.bindparam("service_id", type_=sa.Uuid),
        staff.c.user_id == sa.bindparam("organizer_id", type_=sa.Uuid),
    )  # fmt: skip
    return sa.func.coalesce(sa.select(staff.c.user_id).where(*theirs).scalar_subquery(), NOBODY)


def _add(organizer: sa.ColumnElement[Any], room: sa.ColumnElement[Any]) -> Any:
    given = {
        "organizer_id": organizer, "room_id": room, "attending": sa.bindparam("clients", type_=_B.attending.type),
        "updated_at": sa.bindparam("created_at", type_=_B.created_at.type),
    }  # fmt: skip
    return statement(sa.insert(bookings).values({c.name: sa.bindparam(c.name) for c in _B if c.name not in given and c.name not in _LATER} | given))


# Of those who take part a Cliente sees themself alone.
_TAKES_PART: Final = sa.exists().where(_P.workspace_id == _B.workspace_id, _P.booking_id == _B.id, _P.status != "left")
_ACTOR: Final = sa.bindparam("actor_id", type_=sa.Uuid)
# Row-level security leaves a limited collaborator also what one of theirs left, or what they booked once: not what became of it since.
_THEIRS: Final = sa.or_(_B.organizer_id == _ACTOR, _TAKES_PART, sa.and_(_B.booked_by == _ACTOR, sa.func.cardinality(_B.attending) == 0))
_SEEN: Final = {"everybody": (), "limited": (_THEIRS,), "mine": (_TAKES_PART,)}
GET: Final = {sight: statement(sa.select(*SHOWN).where(here(bookings), *seen)) for sight, seen in _SEEN.items()}
LOCK_TIME: Final = sql(
    "select from bookings_time where workspace_id = $1 and id = $2 and booking_id is not null for update", "workspace_id", "id", locks=True
)
LOCK = statement(sa.select(bookings, _CLIENTS).where(here(bookings)).with_for_update(key_share=True))
CHANGE = statement(
    sa.update(bookings)
    .where(here(bookings))
    .values({name: if_named(_B[name], _CHECKED.get(name)) for name in _SET})
    .values({"version": _B.version + 1, "updated_at": sa.bindparam("updated_at")})
    .returning(*SHOWN)
)
RAISE: Final = sql(
    "update bookings set version = version + 1, updated_at = $3 where workspace_id = $1 and id = $2", "workspace_id", "booking_id", "now"
)
_TAKE: Final = sql(
    "insert into bookings_time (workspace_id, id, booking_id, organizer_id, room_id, service_id, starts_at, ends_at, blocked, capacity, taken)"
    " values ($1, $2, $2, $3, $4, $5, $6, $7, tstzrange($8, $9), $10, cardinality($11::uuid[]))",
    "workspace_id", "id", "organizer_id", "room_id", "service_id", "start_time", "end_time", "from", "to", "capacity", "clients",
)  # fmt: skip
_ORGANIZERS: Final = {True: _offering(), False: collaborator("organizer_id")}
_ROOMS: Final = {True: room_in_use(), False: sa.null()}  # looking for a room costs a plan even when none is named
ADD: Final = {(by, at): together(_add(organizer, room), _TAKE) for by, organizer in _ORGANIZERS.items() for at, room in _ROOMS.items()}
HOLD_CLIENT: Final = sql("select from clients where workspace_id = $1 and id = $2 for key share", "workspace_id", "id", locks=True)
# Everybody may count seats, and places in the queue; who has them is for who may see them.
SOME_UNSEEN: Final = sql(
    "select from bookings_time t where t.workspace_id = $1 and t.id = any($2::uuid[]) and t.taken"
    " > (select count(*) from bookings_queue_place q where q.workspace_id = $1 and q.booking_id = t.id and q.status = 'offered')"
    " + (select count(*) from bookings_participant p where p.workspace_id = $1 and p.booking_id = t.id and p.status <> 'left') limit 1",
    "workspace_id", "ids",
)  # fmt: skip


def _participants(after: bool) -> Any:
    query = sa.select(_P.client_id, _P.status, _P.joined_at, _P.left_at, money(_P.fee_amount, _P.fee_currency, "fee"), _P.fee_reason)
    query = query.where(_P.workspace_id == sa.bindparam("workspace_id"), _P.booking_id == sa.bindparam("booking_id"))
    if after:
        query = query.where(_P.client_id > sa.bindparam("after0"))
    return statement(query.order_by(_P.client_id).limit(sa.bindparam("limit", type_=sa.BigInteger)))


_PARTICIPANTS: Final = {after: _participants(after) for after in (False, True)}
_LONGEST: Final = "interval '24 hours'"
"""No booking is longer: what overlaps a stretch begins at most so long before it."""


def _sight(*, mine: bool, everybody: bool) -> str:
    return "mine" if mine else "everybody" if everybody else "limited"


class Shape(NamedTuple):
    """What a list statement depends on."""

    inside: bool
    organizer_id: bool
    client_id: bool
    room_id: bool
    service_id: bool
    status: bool
    cancelled: bool
    mine: bool
    everybody: bool
    backwards: bool
    after: bool


@cache
def listing(shape: Shape) -> Any:
    """The statement for a shape, compiled when first asked for."""
    shown = (_ALL if column is _CLIENTS and shape.everybody else column for column in SHOWN)
    query = sa.select(*shown).where(_B.workspace_id == sa.bindparam("workspace_id"))
    if shape.inside:
        begins, ends = sa.bindparam("begins", type_=_B.start_time.type), sa.bindparam("ends", type_=_B.start_time.type)
        query = query.where(_B.start_time > begins - sa.text(_LONGEST), _B.start_time < ends, _B.end_time > begins)
    for name in ("organizer_id", "room_id", "service_id", "status"):
        if getattr(shape, name):
            query = query.where(_B[name] == sa.bindparam(name))
    if not shape.cancelled:
        query = query.where(_B.status != "cancelled")
    query = query.where(*_SEEN[_sight(mine=shape.mine, everybody=shape.everybody)])
    if shape.client_id:
        here_too = sa.and_(_P.workspace_id == _B.workspace_id, _P.booking_id == _B.id, _P.client_id == sa.bindparam("client_id"), _P.status != "left")
        query = query.where(sa.exists().where(here_too))
    if shape.after:
        keys, last = (
            sa.tuple_(_B.start_time, _B.id),
            sa.tuple_(sa.bindparam("after0", type_=_B.start_time.type), sa.bindparam("after1", type_=sa.Uuid)),
        )
        query = query.where(keys < last if shape.backwards else keys > last)
    order = (_B.start_time.desc(), _B.id.desc()) if shape.backwards else (_B.start_time, _B.id)
    return statement(query.order_by(*order).limit(sa.bindparam("limit", type_=sa.BigInteger)))


class Bookings(Attendance):
    """plugins.bookings.ports.bookings.Bookings on the open transaction."""

    @property
    def again(self) -> bool:
        return ctx.work.careful

    def calendar(self) -> Row:
        return ctx.workspace

    def get(self, booking_id: UUID, *, mine: bool = False, everybody: bool = True) -> Document | None:
        return ctx.work.document(GET[_sight(mine=mine, everybody=everybody)], id=booking_id)

    def page(self, search: Search, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        asked = {name: getattr(search, name) for name in ("organizer_id", "client_id", "room_id", "service_id", "status")}
        wanted = {name: value is not None for name, value in asked.items()}
        said = {name: getattr(search, name) for name in ("cancelled", "mine", "everybody", "backwards")}
        shape = Shape(inside=search.inside is not None, after=after is not None, **said, **wanted)
        span = {} if search.inside is None else {"begins": search.inside.start, "ends": search.inside.end}
        return ctx.work.documents(listing(shape), limit=limit, **asked, **span, **last_of(after))

    def lock(self, booking_id: UUID) -> Row | None:
        # Twice: a series that moves gives the times of all back and takes them anew, and who waited for the old row finds the new one.
        for _ in range(2):
            ctx.work.write(LOCK_TIME, id=booking_id)
        found = ctx.work.one(LOCK, id=booking_id)
        return None if found is None else {**found, "client_ids": [UUID(each) for each in found["client_ids"]]}

    def add(self, values: Mapping[str, object], clients: Sequence[UUID], blocked: Interval, *, vouched: bool) -> None:
        ctx.work.write(ADD[vouched, values["room_id"] is not None], **values, clients=clients, **{"from": blocked.start, "to": blocked.end})

    def change(self, booking_id: UUID, values: Mapping[str, object]) -> Document | None:
        given = {name: values.get(name) for name in (*_SET, "updated_at")}
        return ctx.work.document(CHANGE, id=booking_id, named=list(values), vouched=bool(values.get("vouched")), **given)

    def hold_client(self, client_id: UUID) -> None:
        ctx.work.write(HOLD_CLIENT, id=client_id)

    def reseated(self, booking_id: UUID, now: datetime) -> None:
        ctx.work.write(RAISE, booking_id=booking_id, now=now)

    def some_unseen(self, ids: Collection[UUID]) -> bool:
        return ctx.work.one(SOME_UNSEEN, ids=list(ids)) is not None

    def participants(self, booking_id: UUID, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_PARTICIPANTS[after is not None], booking_id=booking_id, limit=limit, **last_of(after))
