"""Many who want the same at once, what became of everybody, and what the database says of it afterwards."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from config.bootstrap import install, web
from plugins.bookings.repository.times import Times
from tests.agenda import Agenda
from tests.servers import Api, Cluster, Reply, owner_of

WRITERS, SLOTS, TORTURE_SLOTS = 64, 6, 200
LOST = {"slot_taken", "busy"}
_NUMBERS = itertools.count()


@dataclass
class Race:
    """What became of everybody, over all slots."""

    codes: Counter[str] = field(default_factory=Counter)
    winners: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        """The p99, in seconds."""
        return statistics.quantiles(self.seconds, n=100)[98]

    def told(self, name: str) -> str:
        return f"T69: {name}: {dict(self.codes)}; p99 {1000 * self.slowest:.0f} ms"


def raced(agenda: Agenda, asks: Sequence[Callable[[Agenda], Reply]], into: Race) -> list[Reply]:
    """All at once, each over a connection of its own."""
    ready = threading.Barrier(len(asks))

    def run(ask: Callable[[Agenda], Reply]) -> Reply:
        own = Agenda(
            Api(agenda.api.url) if agenda.api._wsgi is None else agenda.api, agenda.settings, agenda.workspace, agenda.people, agenda.clients
        )
        ready.wait()
        began = time.perf_counter()
        reply = ask(own)
        into.seconds.append(time.perf_counter() - began)
        return reply

    with ThreadPoolExecutor(len(asks)) as pool:
        replies = list(pool.map(run, asks))
    into.winners.append(sum(reply.status < 300 for reply in replies))
    into.codes.update("won" if reply.status < 300 else reply.json["code"] for reply in replies)
    return replies


def overlaps(agenda: Agenda) -> int:
    """Pairs that take the same person's, or the same room's time at once."""
    with owner_of(agenda.settings) as connection:
        found = connection.execute(
            "select count(*) from bookings_time a join bookings_time b on a.workspace_id = b.workspace_id and a.id < b.id and a.blocked && b.blocked"
            " and (a.organizer_id = b.organizer_id or a.room_id = b.room_id) where a.workspace_id = %s",
            (agenda.workspace,),
        ).fetchone()
    assert found is not None
    return int(found[0])


def seats_wrong(agenda: Agenda) -> list[Any]:
    """Classes whose counted seats are not the clients who come, or are more than there are."""
    with owner_of(agenda.settings) as connection:
        return connection.execute(
            "select t.id, t.taken, t.capacity, count(p.client_id) from bookings_time t left join bookings_participant p"
            " on p.workspace_id = t.workspace_id and p.booking_id = t.booking_id and p.status <> 'left'"
            " where t.workspace_id = %s and t.booking_id is not null group by t.workspace_id, t.id having t.taken <> count(p.client_id)",
            (agenda.workspace,),
        ).fetchall()


def time_wrong(agenda: Agenda) -> list[Any]:
    """Bookings that stand and take no time, or are cancelled and take some."""
    with owner_of(agenda.settings) as connection:
        return connection.execute(
            "select b.id, b.status from bookings b left join bookings_time t on t.workspace_id = b.workspace_id and t.booking_id = b.id"
            " where b.workspace_id = %s and (b.status = 'cancelled') = (t.id is not null)",
            (agenda.workspace,),
        ).fetchall()


def booking(agenda: Agenda, start: datetime, **given: Any) -> Callable[[Agenda], Reply]:
    return lambda own: own.book(start, **given)


def acting(booking: str, verb: str, body: dict[str, Any] | None) -> Callable[[Agenda], Reply]:
    return lambda own: own.act(booking, verb, body)


def holding(wanted: dict[str, Any]) -> Callable[[Agenda], Reply]:
    return lambda own: own.post("/api/v1/bookings/holds", wanted)


def check(agenda: Agenda, race: Race, name: str, lost: Iterable[str] = LOST, *, each: int = 1) -> None:
    """One (or `each`) of each slot's, the others told why, nothing twice, and at scale in time."""
    print(race.told(name))
    assert race.winners == [each] * len(race.winners)
    assert set(race.codes) <= {"won", *lost}
    assert overlaps(agenda) == 0
    assert race.slowest < 1 or len(race.winners) < TORTURE_SLOTS


@contextmanager
def without_guards(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agenda]:
    """In this process, without what keeps two apart."""
    settings = cluster.settings(cluster.clone(f"fitpro_unguarded_{next(_NUMBERS)}"))
    with owner_of(settings) as connection:
        connection.execute("alter table bookings_time drop constraint ex_bookings_time_organizer, drop constraint ex_bookings_time_room")
    monkeypatch.setattr(Times, "lock", lambda *_: None)
    installation = install(settings)
    try:
        yield Agenda.new(Api(web(installation)), settings)
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()
