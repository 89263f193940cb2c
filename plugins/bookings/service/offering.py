"""Services and rooms: what can be booked, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from kernel.money import Money
from plugins.bookings.ports.offering import Offered
from plugins.bookings.service.actors import is_cliente
from plugins.bookings.service.terms import location_faults
from ports.persistence import Row

_FEES: Final = ("late_fee", "no_show_fee")


class Offering:
    """The catalogue of the current workspace. now: the time, aware, in UTC; settings: the module's.

    A Cliente sees what they can do with it: nothing by themselves where the module says so, and where it is online, the link with what they
    booked.
    """

    def __init__(self, *, stored: Offered, settings: Callable[[], Mapping[str, Any]], now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._settings = settings
        self._now = now

    # -- services ----------------------------------------------------------------------------------------------------
    def services(self, archived: bool, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """A page of services, by name."""
        return [self._seen(row) for row in self._stored.services(archived, limit, after)]

    def service(self, service_id: UUID) -> Row:
        """One service. Raises NotFound."""
        found = self._stored.service(service_id)
        if found is None:
            raise NotFound()
        return self._seen(found)

    def add_service(self, given: Mapping[str, Any]) -> Row:
        """Offer something. Raises Conflict name_taken, Invalid for people and rooms that are not here."""
        _check(given)
        now, id = self._now(), new_id()
        values = {"id": id, **_flat(given, given), "archived_at": None, "version": 1, "created_at": now, "updated_at": now}
        self._stored.add_service(values, given["organizer_ids"], given["room_ids"])
        return self.service(id)

    def change_service(self, service_id: UUID, changes: Mapping[str, Any], expected: int | None) -> Row:
        """Set the given fields; bookings made before keep their terms. Raises as `add_service`, NotFound, Stale."""
        expected = None if expected == -1 else expected
        if changes:
            after = {**self.service(service_id), **changes}
            _check(after)
            values = {**_flat(changes, after), "updated_at": self._now()}
            if not self._stored.change_service(service_id, values, changes.get("organizer_ids"), changes.get("room_ids"), expected):
                self.service(service_id)
                raise Stale()
        found = self.service(service_id)
        if not changes and expected not in (None, found["version"]):
            raise Stale()
        return found

    def archive_service(self, service_id: UUID, expected: int | None) -> None:
        """Offer it no more; what is booked stays booked."""
        if self.service(service_id)["archived_at"] is None:
            self.change_service(service_id, {"archived_at": self._now()}, expected)

    # -- rooms -------------------------------------------------------------------------------------------------------
    def rooms(self, archived: bool, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """A page of rooms, by name."""
        return self._stored.rooms(archived, limit, after)

    def room(self, room_id: UUID) -> Row:
        """One room. Raises NotFound."""
        found = self._stored.room(room_id)
        if found is None:
            raise NotFound()
        return found

    def add_room(self, given: Mapping[str, Any]) -> Row:
        """Raises Conflict name_taken."""
        now = self._now()
        room = {"id": new_id(), **given, "archived_at": None, "version": 1, "created_at": now, "updated_at": now}
        self._stored.add_room(room)
        return room

    def change_room(self, room_id: UUID, changes: Mapping[str, Any], expected: int | None) -> Row:
        """Set the given fields. Raises NotFound, Stale, Conflict name_taken."""
        expected = None if expected == -1 else expected
        changed = self._stored.change_room(room_id, {**changes, "updated_at": self._now()}, expected)
        if changed is None:
            self.room(room_id)
            raise Stale()
        return changed

    def archive_room(self, room_id: UUID, expected: int | None) -> None:
        """Use it no more; services that are offered lose it. Raises Conflict room_needed while a booking to come has it, only_room for the last
        of a service, which could not be booked any more."""
        now = self._now()
        needed = self._stored.room_needed(room_id, now)
        if self.room(room_id)["archived_at"] is not None:
            return
        if needed:
            raise Conflict("Bookings to come are in this room: move them first.", code="room_needed")
        services = self._stored.services_in(room_id)
        self.change_room(room_id, {"archived_at": now}, expected)
        if left := self._stored.leave_room(room_id, services, now):
            detail = "Services that are offered have no other room: give them one first, or none if they need none."
            raise Conflict(detail, code="only_room", extra={"service_ids": [str(each) for each in left]})

    # -- inside ------------------------------------------------------------------------------------------------------
    def _seen(self, row: Row) -> Row:
        if not is_cliente():
            return row
        own = row["self_service"] and self._settings()["self_service"]
        return {**row, "self_service": own, "location": None if row["location_kind"] == "online" else row["location"]}


def _flat(given: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What is given as it is stored: amounts and currencies apart, links elsewhere. after: all terms, as they will be."""
    flat = {name: value for name, value in given.items() if name not in ("price", *_FEES, "organizer_ids", "room_ids")}
    if "price" in given:
        price = _money(given["price"])
        flat |= {"price_amount": price and price.amount, "price_currency": price and price.currency}
    if not given.keys().isdisjoint(_FEES):
        late, missed = (_money(after[name]) for name in _FEES)
        either = late or missed
        flat |= {"late_fee_amount": late and late.amount, "no_show_fee_amount": missed and missed.amount, "fee_currency": either and either.currency}
    return flat


def _check(after: Mapping[str, Any]) -> None:
    """Raises Invalid for what does not go together."""
    faults = location_faults(after)
    if len({fee.currency for name in _FEES if (fee := _money(after[name]))}) > 1:
        faults.append(Fault("/no_show_fee/currency", "Both fees are in one currency."))
    if after["capacity"] > 1 and after["needs_approval"]:
        faults.append(Fault("/needs_approval", "A class of several places asks for no approval."))
    if faults:
        raise Invalid(errors=faults)


def _money(shown: Any) -> Money | None:
    """An amount as a schema loaded it or as storage showed it."""
    return Money(**shown) if isinstance(shown, Mapping) else shown
