"""When people work, when they are away, and when the studio or a room is closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from kernel.context import current
from kernel.errors import Fault, Forbidden, Invalid, NotFound, Stale
from kernel.ids import new_id
from kernel.roles import Role
from plugins.bookings.domain.hours import ends_later
from plugins.bookings.ports.schedules import Schedules as Stored
from plugins.bookings.service.actors import actor
from ports.persistence import Document, Row


class Schedules:
    """An Owner sets everybody's, a collaborator their own. now: the time, aware, in UTC."""

    def __init__(self, *, stored: Stored, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._now = now

    def read(self, user_id: UUID) -> Mapping[str, Any]:
        """Somebody's hours; without any, version 0 and nothing open. Raises NotFound for somebody who is not staff."""
        found = self._stored.schedule(user_id)
        if found is not None:
            return found
        if not self._stored.known(user_id):
            raise NotFound()
        return {"user_id": user_id, "timezone": None, "weekly": [], "overrides": [], "version": 0, "created_at": None, "updated_at": None}

    def replace(self, user_id: UUID, given: Mapping[str, Any], expected: int | None) -> Row:
        """Set all hours. Raises Invalid for hours that end before they begin, Stale, NotFound, Forbidden for another's."""
        self._check_mine(user_id)
        values = {
            "timezone": given["timezone"],
            "weekly": [{name: _text(value) for name, value in each.items()} for each in given["weekly"]],
            "overrides": [{name: _text(value) for name, value in each.items()} for each in given["overrides"]],
        }  # fmt: skip
        _check_hours(given)
        if not self._stored.known(user_id):
            raise NotFound()
        put = self._stored.put(user_id, {**values, "now": self._now()}, None if expected == -1 else expected)
        if put is None:
            raise Stale()
        return put

    def page(self, user_id: UUID | None, room_id: UUID | None, since: datetime | None, limit: int, after: tuple[Any, ...] | None) -> list[Document]:
        """Time off and closures, by start. since: only what ends later."""
        return self._stored.time_off(user_id, room_id, since, limit, after)

    def one(self, id: UUID) -> Row:
        """Raises NotFound."""
        found = self._stored.one_off(id)
        if found is None:
            raise NotFound()
        return found

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody is away, a room is closed, or the studio is; what is booked then stays booked. Raises Forbidden for another's, Invalid for
        somebody who is not staff."""
        self._check_off(given)
        self._check_staff(given["user_id"])
        now = self._now()
        made = {"id": new_id(), **given, "version": 1, "created_at": now, "updated_at": now}
        self._stored.add_off(made)
        return made

    def replace_off(self, id: UUID, given: Mapping[str, Any], expected: int | None) -> Row:
        """Set all of it. Raises as `add`, NotFound, Stale."""
        self._check_off(self.one(id))
        self._check_off(given)
        self._check_staff(given["user_id"])
        changed = self._stored.change_off(id, {**given, "updated_at": self._now()}, None if expected == -1 else expected)
        if changed is None:
            raise Stale()
        return changed

    def remove(self, id: UUID, expected: int | None) -> None:
        """It does not apply any more; the audit log keeps it. Raises NotFound, Stale, Forbidden."""
        self._check_off(self.one(id))
        if not self._stored.remove_off(id, None if expected == -1 else expected):
            raise Stale()

    # -- inside ------------------------------------------------------------------------------------------------------
    def _check_off(self, given: Mapping[str, Any]) -> None:
        if given["user_id"] is not None and given["room_id"] is not None:
            raise Invalid(errors=[Fault("/room_id", "Either somebody is away, or a room is closed.")])
        if given["ends_at"] <= given["starts_at"]:
            raise Invalid(errors=[Fault("/ends_at", "Must be later than starts_at.")])
        self._check_mine(given["user_id"])

    def _check_staff(self, user_id: UUID | None) -> None:
        if user_id is not None and not self._stored.known(user_id):
            raise Invalid(code="invalid_reference", errors=[Fault("/user_id", "No such Owner or Colaborador in this workspace.")])

    @staticmethod
    def _check_mine(user_id: UUID | None) -> None:
        if user_id != actor() and current().open_transaction.entered().role != Role.OWNER:
            raise Forbidden("Only an Owner sets what is not their own.")


def _check_hours(given: Mapping[str, Any]) -> None:
    faults = [
        Fault(f"/weekly/{n}/closes", "Must be later than opens; 00:00 is the end of the day.")
        for n, each in enumerate(given["weekly"]) if not ends_later(each["opens"], each["closes"])
    ]  # fmt: skip
    faults += [
        Fault(f"/weekly/{n}/until", "May not be before from.")
        for n, each in enumerate(given["weekly"]) if each["from"] and each["until"] and each["until"] < each["from"]
    ]  # fmt: skip
    for n, each in enumerate(given["overrides"]):
        if (each["opens"] is None) != (each["closes"] is None):
            faults.append(Fault(f"/overrides/{n}/closes", "Both times, or neither: closed that day."))
        elif each["opens"] is not None and not ends_later(each["opens"], each["closes"]):
            faults.append(Fault(f"/overrides/{n}/closes", "Must be later than opens; 00:00 is the end of the day."))
    if faults:
        raise Invalid(errors=faults)


def _text(value: Any) -> Any:
    """Days and times as JSON has them."""
    return value.isoformat() if isinstance(value, date | time) else value
