"""Calendars that people have elsewhere: read at once and every hour, as the times that they are taken, which are then not offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from kernel.context import current
from kernel.errors import Conflict, Fault, Invalid, NotFound, Stale
from kernel.ids import new_id
from kernel.intervals import Interval
from plugins.bookings.domain.feeds import Feed, busy_times
from plugins.bookings.ports.imports import Imports as Stored
from plugins.bookings.service.actors import actor
from ports.encryption import Encryption, Place, Unreadable
from ports.outbound import PublicOutbound, Unreached
from ports.persistence import Row

MOST: Final = 10
"""Calendars that one person may have read."""
MAX_BYTES: Final = 10 * 1024 * 1024
"""Ten years of somebody's private calendar."""
_PATIENCE_S: Final = 15.0
"""For a calendar's server, when nobody waits for the answer."""
_BACK: Final = timedelta(days=1)
_AHEAD: Final = timedelta(days=740)
"""Beyond the widest booking window."""
_SOON: Final = timedelta(minutes=5)
_BATCH: Final = 200
_ACCEPT: Final = {"Accept": "text/calendar, */*;q=0.1"}

Transaction = Callable[[], AbstractContextManager[object]]


class Imports:
    """Calendars elsewhere of the person acting. transaction: a short one; strangers are talked to between two of them."""

    def __init__(
        self, *, stored: Stored, http: PublicOutbound, encryption: Encryption, transaction: Transaction, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._stored = stored
        self._http = http
        self._encryption = encryption
        self._transaction = transaction
        self._now = now

    def page(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """Their own, without addresses."""
        return self._stored.page(_person(), limit, after)

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Read a calendar and go on reading it. Raises Invalid with what is wrong with the address or with what is there, and nothing is kept
        then; Conflict too_many_calendars."""
        url = re.sub(r"(?i)^webcals?://", "https://", given["url"].strip())
        try:
            self._http.check(url)
        except Unreached as refused:
            raise _invalid(refused) from None
        user_id = _person()
        with self._transaction():
            zone = self._room(user_id)
        feed = self._read(url, zone)
        with self._transaction():
            self._stored.begin(user_id)
            self._room(user_id)
            id, now = new_id(), self._now()
            made = {
                "id": id, "user_id": user_id, "name": given["name"], "url": self._encryption.seal(url.encode(), _place(id)), "status": "ok",
                "last_fetched_at": now, "last_tried_at": now, "last_error": None, "events": feed.events, "notes": list(feed.notes),
                "version": 1, "created_at": now, "updated_at": now,
            }  # fmt: skip
            self._stored.add(made)
            self._stored.replace(id, user_id, feed.busy)
        return made

    def refresh(self, id: UUID) -> Row:
        """Read one now; what came of it is in its `status`. Raises NotFound."""
        with self._transaction():
            row = self._stored.get(id, _person())
        found = None if row is None else self._refreshed(row)
        if found is None:
            raise NotFound()
        return found

    def read_again(self, id: UUID) -> None:
        """The same without anybody asking, unless it is gone or somebody did just now. Raises Unavailable while too many are being read."""
        with self._transaction():
            row = self._stored.get(id, None)
        if row is not None and row["last_tried_at"] < self._now() - _SOON:
            self._refreshed(row, deadline_s=_PATIENCE_S)

    def due(self) -> Sequence[UUID]:
        """What is to be read every hour."""
        return self._stored.all()

    def remove(self, id: UUID, expected: int | None) -> None:
        """Read it no more; its times are free. Raises NotFound, Stale."""
        version = self._stored.hold(id, _person())
        if version is None:
            raise NotFound()
        if expected not in (None, -1, version):
            raise Stale()
        self._stored.remove(id)

    def reseal(self) -> Iterator[Mapping[str, object]]:
        """Seal anew what an earlier key sealed, a batch per step; what nobody can open stays as it is."""
        done, unreadable, after = 0, 0, UUID(int=0)
        while rows := self._stored.sealed_otherwise(self._encryption.prefix, after, _BATCH):
            after = rows[-1]["id"]
            for row in rows:
                place = _place(row["id"])
                try:
                    anew = self._encryption.seal(self._encryption.open(row["url"], place), place)
                except Unreadable:
                    unreadable += 1
                    continue
                done += self._stored.seal_anew(row["id"], row["url"], anew)
            yield {"sealed_anew": done, "unreadable": unreadable}

    # -- inside ------------------------------------------------------------------------------------------------------
    def _room(self, user_id: UUID) -> ZoneInfo:
        """The zone of somebody who may have one more."""
        place = self._stored.place(user_id)
        if place is None:
            raise NotFound()
        if place["count"] >= MOST:
            raise Conflict(f"You have {MOST} calendars already; remove one first.", code="too_many_calendars")
        return ZoneInfo(place["timezone"])

    def _refreshed(self, row: Row, deadline_s: float | None = None) -> Row | None:
        try:
            url = self._encryption.open(row["url"], _place(row["id"])).decode()
            feed = self._read(url, ZoneInfo(row["timezone"]), deadline_s)
        except Invalid as wrong:
            return self._failed(row["id"], wrong.code)
        except Unreadable:
            return self._failed(row["id"], "unreadable")
        with self._transaction():
            found = self._stored.fetched(row["id"], feed.events, feed.notes, self._now())
            if found is not None:
                self._stored.replace(row["id"], row["user_id"], feed.busy)
            return found

    def _failed(self, id: UUID, error: str) -> Row | None:
        with self._transaction():
            return self._stored.failed(id, error, self._now())

    def _read(self, url: str, zone: ZoneInfo, deadline_s: float | None = None) -> Feed:
        try:
            answer = self._http.request("GET", url, headers=_ACCEPT, max_bytes=MAX_BYTES, deadline_s=deadline_s)
        except Unreached as refused:
            raise _invalid(refused) from None
        if answer.status != 200:
            raise Invalid(code="unexpected_status", errors=[Fault("/url", f"The address answers {answer.status}, not 200.")])
        # From midnight to midnight, so that what has not changed there is not changed here.
        today = datetime.combine(self._now().date(), time(), UTC)
        return busy_times(answer.body, Interval(today - _BACK, today + _AHEAD), zone, max_bytes=MAX_BYTES)


def _invalid(refused: Unreached) -> Invalid:
    return Invalid(code=refused.reason.value, errors=[Fault("/url", refused.detail)])


def _place(id: UUID) -> Place:
    workspace = current().scope.workspace_id
    assert workspace is not None
    return Place(workspace, "bookings_calendar", "url", id)


def _person() -> UUID:
    found = actor()
    assert found is not None, "only people have calendars"
    return found
