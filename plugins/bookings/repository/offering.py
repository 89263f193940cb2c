"""Services and rooms in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plugins.bookings.models.booked import times
from plugins.bookings.models.offered import rooms, service_rooms, services, staff
from plugins.bookings.repository.conditions import as_expected, behind, here, if_named, last_of, money
from plugins.sdk import Conflict, Fault, Invalid, Row, constraints, ctx, sa, sql, statement

_S: Final = services.c
_R: Final = rooms.c
_T: Final = times.c

constraints["uq_bookings_service_name"] = lambda: Conflict("There is a service of this name.", code="name_taken")
constraints["uq_bookings_room_name"] = lambda: Conflict("There is a room of this name.", code="name_taken")
constraints["fk_bookings_service_staff_user_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/organizer_ids", "Not every one of them is an Owner or Colaborador of this workspace.")]
)
constraints["fk_bookings_service_room_room_id"] = lambda: Invalid(
    code="invalid_reference", errors=[Fault("/room_ids", "Not every one of them is a room of this workspace, or one is archived.")]
)

_TERMS: Final = (
    "name", "description", "duration_minutes", "buffer_before_minutes", "buffer_after_minutes", "step_minutes", "notice_minutes", "window_days",
    "capacity", "location_kind", "location", "price_amount", "price_currency", "needs_approval", "self_service", "public", "free_until_minutes",
    "late_fee_amount", "no_show_fee_amount", "fee_currency", "archived_at",
)  # fmt: skip
_MONEY: Final = frozenset({"price_amount", "price_currency", "late_fee_amount", "no_show_fee_amount", "fee_currency"})


def _linked(link: sa.Table, key: str) -> Any:
    found = sa.select(link.c[key]).where(link.c.workspace_id == _S.workspace_id, link.c.service_id == _S.id).order_by(link.c[key])
    return sa.func.to_json(sa.func.array(found.scalar_subquery()))


SHOWN: Final = (
    _S.id, *(_S[name] for name in _TERMS if name not in _MONEY), money(_S.price_amount, _S.price_currency, "price"),
    money(_S.late_fee_amount, _S.fee_currency, "late_fee"), money(_S.no_show_fee_amount, _S.fee_currency, "no_show_fee"),
    _linked(staff, "user_id").label("organizer_ids"), _linked(service_rooms, "room_id").label("room_ids"),
    _S.version, _S.created_at, _S.updated_at,
)  # fmt: skip
SERVICE = statement(sa.select(*SHOWN).where(here(services)))
ADD_SERVICE = statement(sa.insert(services).values({column.name: sa.bindparam(column.name) for column in _S}))
CHANGE_SERVICE = statement(
    sa.update(services)
    .where(here(services), as_expected(services))
    .values({name: if_named(_S[name]) for name in _TERMS} | {"version": _S.version + 1, "updated_at": sa.bindparam("now")})
)
DROP_STAFF = sql("delete from bookings_service_staff where workspace_id = $1 and service_id = $2", "workspace_id", "id")
DROP_ROOMS = sql("delete from bookings_service_room where workspace_id = $1 and service_id = $2", "workspace_id", "id")
ADD_STAFF = sql(
    "insert into bookings_service_staff (workspace_id, service_id, user_id)"
    " select $1, $2, coalesce((select m.user_id from user_roles m where m.workspace_id = $1 and m.user_id = given"
    " and m.role <> 'Cliente' and m.ended_at is null), '00000000-0000-0000-0000-000000000000') from unnest($3::uuid[]) given group by 3",
    "workspace_id", "id", "organizers",
)  # fmt: skip
ADD_ROOMS = sql(
    "insert into bookings_service_room (workspace_id, service_id, room_id)"
    " select distinct $1::uuid, $2::uuid, coalesce(r.id, '00000000-0000-0000-0000-000000000000') from unnest($3::uuid[]) given"
    " left join bookings_room r on r.workspace_id = $1 and r.id = given and r.archived_at is null",
    "workspace_id", "id", "rooms",
)  # fmt: skip

ROOM_SHOWN: Final = (_R.id, _R.name, _R.description, _R.archived_at, _R.version, _R.created_at, _R.updated_at)
ROOM = statement(sa.select(*ROOM_SHOWN).where(here(rooms)))
ADD_ROOM = statement(sa.insert(rooms).values({column.name: sa.bindparam(column.name) for column in _R}))
CHANGE_ROOM = statement(
    sa.update(rooms)
    .where(here(rooms), as_expected(rooms))
    .values(
        {name: if_named(_R[name]) for name in ("name", "description", "archived_at")} | {"version": _R.version + 1, "updated_at": sa.bindparam("now")}
    )
    .returning(*ROOM_SHOWN)
)
ROOM_NEEDED = statement(
    sa.select(_T.id).where(
        _T.workspace_id == sa.bindparam("workspace_id"), _T.room_id == sa.bindparam("id"), _T.starts_at > sa.bindparam("now"),
        _T.booking_id.is_not(None),
    ).limit(1)
)  # fmt: skip
SERVICES_IN: Final = sql(
    "select id from bookings_service where workspace_id = $1 and archived_at is null"
    " and id in (select service_id from bookings_service_room where workspace_id = $1 and room_id = $2) order by id for no key update",
    "workspace_id", "room_id", locks=True,
)  # fmt: skip
LEAVE_ROOM: Final = sql(
    "with gone as (delete from bookings_service_room where workspace_id = $1 and room_id = $2 and service_id = any($3::uuid[]) returning service_id)"
    " update bookings_service s set version = version + 1, updated_at = $4 from gone where s.workspace_id = $1 and s.id = gone.service_id"
    " returning s.id",
    "workspace_id", "room_id", "ids", "now",
)  # fmt: skip
ROOMLESS: Final = sql(
    "select service as id from unnest($2::uuid[]) service where not exists (select from bookings_service_room l join bookings_room r"
    " on r.workspace_id = $1 and r.id = l.room_id and r.archived_at is null where l.workspace_id = $1 and l.service_id = service) order by service",
    "workspace_id", "ids",
)  # fmt: skip


def _listing(table: sa.Table, shown: Sequence[Any], archived: bool, after: bool) -> Any:
    query = sa.select(*shown).where(table.c.workspace_id == sa.bindparam("workspace_id"))
    query = query.where(table.c.archived_at.is_not(None) if archived else table.c.archived_at.is_(None))
    if after:
        query = query.where(behind(table.c.name, table.c.id))
    return statement(query.order_by(table.c.name, table.c.id).limit(sa.bindparam("limit", type_=sa.BigInteger)))


_LISTS: Final = {
    (table.name, archived, after): _listing(table, shown, archived, after)
    for table, shown in ((services, SHOWN), (rooms, ROOM_SHOWN))
    for archived in (False, True)
    for after in (False, True)
}


class Offering:
    """plugins.bookings.ports.offering.Offered on the open transaction."""

    def service(self, service_id: UUID) -> Row | None:
        return ctx.work.one(SERVICE, id=service_id)

    def services(self, archived: bool, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_LISTS["bookings_service", archived, after is not None], limit=limit, **last_of(after))

    def add_service(self, values: Mapping[str, object], organizers: Collection[UUID], rooms: Collection[UUID]) -> None:
        _hold(organizers, rooms)
        ctx.work.write(ADD_SERVICE, **values)
        self._link(values["id"], organizers, rooms)

    def change_service(
        self,
        service_id: UUID,
        values: Mapping[str, object],
        organizers: Collection[UUID] | None,
        rooms: Collection[UUID] | None,
        expected: int | None,
    ) -> bool:
        _hold(organizers or (), rooms or ())
        given = {name: values.get(name) for name in _TERMS}
        if ctx.work.change(CHANGE_SERVICE, id=service_id, named=list(values), expected=expected, now=values["updated_at"], **given) != 1:
            return False
        if organizers is not None:
            ctx.work.write(DROP_STAFF, id=service_id)
        if rooms is not None:
            ctx.work.write(DROP_ROOMS, id=service_id)
        self._link(service_id, organizers, rooms)
        return True

    def rooms(self, archived: bool, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        return ctx.work.rows(_LISTS["bookings_room", archived, after is not None], limit=limit, **last_of(after))

    def room(self, room_id: UUID) -> Row | None:
        return ctx.work.one(ROOM, id=room_id)

    def add_room(self, values: Mapping[str, object]) -> None:
        ctx.work.write(ADD_ROOM, **values)

    def change_room(self, room_id: UUID, values: Mapping[str, object], expected: int | None) -> Row | None:
        given = {name: values.get(name) for name in ("name", "description", "archived_at")}
        return ctx.work.one(CHANGE_ROOM, id=room_id, named=list(values), expected=expected, now=values["updated_at"], **given)

    def room_needed(self, room_id: UUID, now: datetime) -> bool:
        # Whoever takes its time waits, and finds it archived then.
        ctx.lock(f"bookings:{room_id}")
        return ctx.work.one(ROOM_NEEDED, id=room_id, now=now) is not None

    def services_in(self, room_id: UUID) -> Sequence[UUID]:
        return [row["id"] for row in ctx.work.rows(SERVICES_IN, room_id=room_id)]

    def leave_room(self, room_id: UUID, services: Sequence[UUID], now: datetime) -> Sequence[UUID]:
        left = [row["id"] for row in ctx.work.rows(LEAVE_ROOM, room_id=room_id, ids=list(services), now=now)]
        return [row["id"] for row in ctx.work.rows(ROOMLESS, ids=left)]

    @staticmethod
    def _link(service_id: object, organizers: Collection[UUID] | None, rooms: Collection[UUID] | None) -> None:
        if organizers:
            ctx.work.write(ADD_STAFF, id=service_id, organizers=list(organizers))
        if rooms:
            ctx.work.write(ADD_ROOMS, id=service_id, rooms=list(rooms))


def _hold(organizers: Collection[UUID], rooms: Collection[UUID]) -> None:
    """Nobody of them leaves before they offer it, and no room is archived; in one order, and before the service itself, as there."""
    for each in sorted({*organizers, *rooms}):
        ctx.lock(f"bookings:{each}")
