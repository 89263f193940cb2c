"""Calendars to subscribe to: a secret address per person, whole or as busy times, read by applications that sign in nowhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from kernel.context import current, serving
from kernel.errors import Forbidden, NotFound, Stale
from kernel.ids import new_id
from kernel.intervals import Interval
from kernel.roles import Role
from plugins.bookings.domain.booking import Status
from plugins.bookings.domain.ical import Entry, render, render_busy
from plugins.bookings.ports.feeds import Feeds as Stored
from plugins.bookings.service.actors import actor
from ports.cache import Cache
from ports.capabilities import Capabilities
from ports.persistence import Row

MOST: Final = 2000
"""Bookings in a feed; of more, those furthest ahead are not in it yet."""
_BACK: Final = timedelta(days=90)
_AHEAD: Final = timedelta(days=400)
_KEPT_S: Final = 3600
_FORMAT: Final = "2"
"""Another where the same rows are shown otherwise."""
_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")
_BUSY: Final = {"en": "Busy", "es": "Ocupado", "pt": "Ocupado"}


@dataclass(frozen=True, slots=True)
class File:
    """A feed on its way out. revision: of everything it is made of; make: its text, which costs something."""

    revision: str
    make: Callable[[], bytes]


class Feeds:
    """The feeds of the person acting, and what is read at their addresses. now: the time, aware, in UTC; own_url: where this server is."""

    def __init__(self, *, stored: Stored, capabilities: Capabilities, cache: Cache, own_url: str, now: Callable[[], datetime]) -> None:
        self._stored = stored
        self._capabilities = capabilities
        self._cache = cache
        self._own_url = own_url
        self._now = now

    def page(self, limit: int, after: tuple[Any, ...] | None) -> Sequence[Row]:
        """Their own, without addresses: those are told once."""
        return self._stored.page(_person(), limit, after)

    def add(self, mode: str) -> dict[str, Any]:
        """Make one; `url` is told here and never again. Raises Conflict feed_exists, Forbidden person_required for an API key."""
        self._stored.hold_owner(_person())
        id, now = new_id(), self._now()
        token = self._token(id, 1)
        made = {
            "id": id, "user_id": _person(), "mode": mode, "digest": _digest(token), "issue": 1, "revoked_at": None, "last_used_at": None,
            "version": 1, "created_at": now, "updated_at": now,
        }  # fmt: skip
        self._stored.add(made)
        return {**made, "url": self._url(token)}

    def regenerate(self, id: UUID) -> dict[str, Any]:
        """Another address: the earlier one is dead. Raises NotFound, Forbidden person_required."""
        self._stored.hold_owner(_person())
        held = self._held(id, None)
        token = self._token(id, held["issue"] + 1)
        return {**self._stored.reissue(id, _digest(token), self._now()), "url": self._url(token)}

    def revoke(self, id: UUID, expected: int | None) -> None:
        """Nobody reads it any more. Raises NotFound, Stale, Forbidden person_required."""
        self._stored.hold_owner(_person())
        self._held(id, expected)
        self._stored.revoke(id, self._now())

    def read(self, token: str, *, busy: bool) -> File:
        """What is at an address, as its owner's membership is now. busy: as busy times, whatever the feed may show.

        Raises NotFound for an address that is not known (any more), Forbidden while the workspace has the module off.
        """
        known = _TOKEN.fullmatch(token)
        feed = None if known is None else self._stored.opened(UUID(known[1]), _digest(token))
        if known is None or feed is None:
            raise NotFound()
        if not feed["served"]:
            raise Forbidden("The workspace has switched this module off.", code="module_disabled")
        now = self._now()
        self._stored.used(feed["id"], now)
        today = datetime.combine(now.date(), time(), UTC)
        span = Interval(today - _BACK, today + _AHEAD)
        as_client = feed["role"] == Role.CLIENTE
        rows = self._stored.entries(feed["user_id"], span, MOST, as_client=as_client)
        busy = busy or feed["mode"] == "freebusy"
        word = _BUSY.get(feed["locale"], _BUSY["en"])
        made_of = [_FORMAT, feed["name"], word, str(busy), *(f"{row['id']}:{row['version']}:{row['sequence']}:{row['left']}" for row in rows)]
        revision = hashlib.sha256("\n".join(made_of).encode()).hexdigest()

        def make() -> bytes:
            entries = [_entry(row, as_client=as_client) for row in rows]
            return render_busy(entries, feed["name"], word) if busy else render(entries, feed["name"])

        def kept() -> bytes:
            here = current()
            # Nobody signed in, so the request itself is in no workspace; what is kept is this one's.
            with serving(replace(here, scope=replace(here.scope, workspace_id=UUID(known[1])))):
                # Shared among whoever holds this feed's address: its id is in the key.
                return self._cache.remember(f"feed:{feed['id']}:{revision}", make, ttl_s=_KEPT_S, shared=True)

        return File(revision, kept)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _held(self, id: UUID, expected: int | None) -> Row:
        held = self._stored.lock(id, _person())
        if held is None:
            raise NotFound()
        if expected not in (None, -1, held["version"]):
            raise Stale()
        return held

    def _token(self, id: UUID, issue: int) -> str:
        workspace = current().scope.workspace_id
        assert workspace is not None
        return f"{workspace.hex}.{self._capabilities.token('calendar feed', workspace.hex, id.hex, str(issue))}"

    def _url(self, token: str) -> str:
        return f"{self._own_url}/ical/{token}.ics"


def _entry(row: Mapping[str, Any], *, as_client: bool) -> Entry:
    """Titles and places are in it; notes, other people and what it costs are not. as_client: where it is comes with the yes, and goes again."""
    status = Status.CANCELLED if row["left"] else Status(row["status"])
    place = None if as_client and status in (Status.PENDING, Status.CANCELLED) else row["location"]
    uid = f"{row['id']}@bookings.fitpro"
    return Entry(uid, row["sequence"], row["start_time"], row["end_time"], status, row["title"], place, None, row["updated_at"])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _person() -> UUID:
    found = actor()
    assert found is not None, "only people have feeds"
    return found
