"""`python -m tests.bench.calendar`: what looking at a calendar costs, in this process, as ratios of one run; and 520 occurrences at once.

CPU is that of the application and of PostgreSQL together. Exits with 1 when an issue's number is missed.
"""

from __future__ import annotations

import io
import math
import re
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import orjson

from adapters.http.gateway import Gateway
from adapters.postgres.work import UnitOfWork
from config.bootstrap import install, web
from tests import servers
from tests.agenda import Agenda
from tests.bench import processes
from tests.servers import Api, Person, add_member

PEOPLE, CLIENTS, BOOKINGS, DAYS, OCCURRENCES = 10, 500, 500, 30, 520
DEARER, CHEAPER, AT_ONCE_S = 1.0, 20.0, 1.0
_TABLE = re.compile(r"\b(?:from|join|into|update)\s+(bookings\w*)")


@dataclass(frozen=True)
class Bench:
    """A studio in this process. postgres: its server's pid."""

    gateway: Gateway
    agenda: Agenda
    people: list[Person]
    cluster: servers.Cluster
    postgres: int

    def analyze(self) -> None:
        """As autovacuum does in life: a plan that was made without knowing anything is nobody's."""
        with self.cluster.superuser("calendar") as connection:
            connection.commit()
            connection.autocommit = True
            connection.execute("vacuum analyze")

    def ask(self, path: str, query: str, **headers: str) -> bytes:
        """The body of an answer to the owner, straight from the application; reading it is the frontend's work."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000", "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True,
            "wsgi.run_once": False, "HTTP_X_WORKSPACE_ID": self.agenda.workspace,
            "HTTP_AUTHORIZATION": f"Bearer {self.agenda.people['Owner'].token}", **headers,
        }  # fmt: skip
        told: list[str] = []
        body = b"".join(self.gateway(environ, lambda status, _headers, _exc=None: told.append(status)))
        if not told[0].startswith("200"):
            raise SystemExit(f"{path}?{query}: {told[0]} {body!r}")
        return body

    def pages(self, path: str, query: str, rows: int) -> Callable[[], None]:
        """Something that asks for every page of a list, of which there are so many rows."""
        queries, found, cursor = [], 0, ""
        while cursor is not None:
            queries.append(f"{query}&limit=200{cursor}")
            page = orjson.loads(self.ask(path, queries[-1]))
            found += len(page["items"])
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert found == rows, (path, found)

        def ask_all() -> None:
            for each in queries:
                self.ask(path, each)

        return ask_all

    def cpu_ms(self, times: int, *calls: Callable[[], object]) -> list[float]:
        """Of each call; the least of ten rounds, which take turns: whatever else the machine does meets all alike."""
        least = [math.inf] * len(calls)
        for _ in range(10):
            for n, call in enumerate(calls):
                call()
                before = self._spent_ms()
                for _ in range(times):
                    call()
                least[n] = min(least[n], (self._spent_ms() - before) / times)
        return least

    def _spent_ms(self) -> float:
        return time.process_time() * 1000 + processes.cpu_ms(self.postgres)[0]


def main() -> int:
    with studio() as bench:
        day = _monday()
        fill(bench, day)
        bench.analyze()
        service = bench.agenda.service(organizer_ids=[each.id for each in bench.people], duration_minutes=60)
        first, last = day.date() + timedelta(days=7), day.date() + timedelta(days=6 + DAYS)
        free = f"service={service['id']}&from={first}&to={last}"
        verdicts = [
            _week(bench, f"view=week&date={day.date()}"),
            _availability(bench, free),
            _series(bench),
        ]
    return 0 if all(verdicts) else 1


def _week(bench: Bench, query: str) -> bool:
    pages = bench.pages("/api/v1/clients", "sort=full_name", CLIENTS), bench.pages("/api/v1/bookings", query, BOOKINGS)
    clients, week = (ms / rows * 1000 for ms, rows in zip(bench.cpu_ms(50, *pages), (CLIENTS, BOOKINGS), strict=True))
    print(f"Week of {BOOKINGS} bookings: {week:.1f} µs of CPU a row, {week / clients:.2f} of a client's in their list ({clients:.1f} µs);", end=" ")
    return _once("/api/v1/bookings", bench, f"{query}&limit=200") and week / clients <= DEARER


def _availability(bench: Bench, query: str) -> bool:
    path = "/api/v1/bookings/availability"
    (kept,) = bench.cpu_ms(100, lambda: bench.ask(path, query))
    (made,) = bench.cpu_ms(4, lambda: bench.ask(path, query, HTTP_CACHE_CONTROL="no-cache"))
    slots = sum(len(day["slots"]) for day in orjson.loads(bench.ask(path, query))["items"])
    print(
        f"Availability of {DAYS} days and {PEOPLE} people, {slots} slots: {made:.1f} ms computed, {kept:.2f} ms kept, {made / kept:.0f} times;",
        end=" ",
    )
    return _once(path, bench, query, HTTP_CACHE_CONTROL="no-cache") and made / kept >= CHEAPER


def _series(bench: Bench) -> bool:
    took = []
    for n in range(3):
        start = datetime(2027, 1, 4, 9 + n, tzinfo=UTC)
        body = {
            "title": "Daily", "rrule": f"FREQ=DAILY;COUNT={OCCURRENCES}", "organizer_id": bench.people[0].id, "client_ids": bench.agenda.clients[:1],
            "start_time": start.isoformat(), "end_time": (start + timedelta(minutes=50)).isoformat(),
        }  # fmt: skip
        began = time.perf_counter()
        made = bench.agenda.made("/api/v1/bookings/series", body)
        took.append(time.perf_counter() - began)
        assert len(made["bookings"]) == OCCURRENCES
    print(f"{OCCURRENCES} occurrences in one request: {min(took) * 1000:.0f} ms.")
    return min(took) < AT_ONCE_S


def _once(path: str, bench: Bench, query: str, **headers: str) -> bool:
    """Whether a request asks every table of the calendar once, besides for the revisions that it is kept under."""
    asked: Counter[str] = Counter()
    exchange = UnitOfWork._exchange

    def counting(work: UnitOfWork, batch: list[Any], *rest: Any) -> Any:
        for statement, _ in batch:
            asked.update(set(_TABLE.findall(statement.text.lower())) if "bookings_revision" not in statement.text else ())
        return exchange(work, batch, *rest)

    with mock.patch.object(UnitOfWork, "_exchange", counting):
        bench.ask(path, query, **headers)
    print(f"queries by table: {dict(sorted(asked.items()))}.")
    return max(asked.values()) == 1


@contextmanager
def studio() -> Iterator[Bench]:
    """Ten people who work every day, and five hundred clients."""
    with tempfile.TemporaryDirectory(prefix="fitpro-calendar-", ignore_cleanup_errors=True) as folder, servers.cluster(Path(folder)) as cluster:
        settings = cluster.settings(cluster.clone("calendar"))
        gateway = web(install(settings))
        agenda = Agenda.new(Api(gateway), settings, clients=CLIENTS)
        for n, client in enumerate(agenda.clients):  # as the list of clients is measured
            known = {
                "email": f"client{n}@studio.example", "phone": f"+3519{n:08}", "tags": [f"goal-{n % 7}", "vip", "morning"],
                "notes": f"Knee {n % 2}, {150 + n % 50} cm, wants strength and mobility. Trains in the morning, twice a week.",
            }  # fmt: skip
            reply = agenda.ask("PATCH", f"/api/v1/clients/{client}", known, **{"If-Match": "*"})
            assert reply.status == 200, reply.body
        people = [agenda.people["Colaborador"], agenda.people["Eva"]]
        for n in range(PEOPLE - len(people)):
            people.append(agenda.api.signup(f"Coach {n}"))
            add_member(settings, agenda.workspace, people[-1], "Colaborador")
        for person in people:
            agenda.hours(person.id)
        yield Bench(gateway, agenda, people, cluster, cluster.server.pid or 0)


def fill(bench: Bench, monday: datetime) -> None:
    """A busy week: of every ten bookings one is a class."""
    for n in range(BOOKINGS):
        person, slot = bench.people[n % PEOPLE], n // PEOPLE
        start = monday + timedelta(days=slot % 7, hours=8 + slot // 7)
        clients = bench.agenda.clients[n : n + (3 if n % 10 == 0 else 1)] or bench.agenda.clients[:1]
        given = {
            "organizer_id": person.id, "client_ids": clients, "capacity": 5 if n % 10 == 0 else 1, "title": f"Session {uuid.uuid4().hex[:6]}",
            "location_kind": "in_person", "location": "Studio 2, first floor", "notes": "leg day: squats, lunges, then ten minutes on the bike",
        }  # fmt: skip
        bench.agenda.booked(start, **given)


def _monday() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())


if __name__ == "__main__":
    sys.exit(main())
