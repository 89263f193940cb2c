"""F7: PostgreSQL restarts under load, politely or by a crash: 503 while it is away and nothing else, no hang, nothing lost, no rows mixed up."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from adapters.postgres.embedded import EmbeddedError
from tests import servers
from tests.servers import Api, Cluster, Person

CLIENTS, WORKSPACES = 16, 4
HANG_S = 8.0
RECOVERY_S = 2.0
LONG_S = 4.5


@dataclass
class Window:
    """When the database was away: from the order to stop until it accepted again."""

    start: float
    end: float


@dataclass
class Load:
    """16 clients of 4 workspaces that read and write without a pause, each in its own thread.

    served: the workspaces whose rows were in an answer; strangers: rows in the answer to another workspace's client.
    """

    api: Api
    answers: list[tuple[float, float, int, bool]] = field(default_factory=list)  # started, ended, status, with Retry-After
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    served: set[str] = field(default_factory=set)
    strangers: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, people: list[tuple[Person, str]], number: int) -> None:
        """One client until told to stop. number: 0 to 15, so that every workspace has four."""
        person, workspace = people[number % len(people)]
        api = Api(self.api.url)
        while not self._stop.is_set():
            name = f"{workspace} {uuid.uuid4()}"
            begun = time.monotonic()
            try:
                if random.random() < 0.5:
                    reply = api.post("/api/v1/clients", json={"full_name": name}, who=person, workspace=workspace)
                else:
                    reply = api.get("/api/v1/clients?limit=20", who=person, workspace=workspace)
            except requests.RequestException as error:
                self.broken.append(repr(error))
                continue
            self.answers.append((begun, time.monotonic(), reply.status, "Retry-After" in reply.headers))
            if reply.status == 201:
                self.acknowledged.append((workspace, name))
            if reply.status == 200:
                names = [item["full_name"] for item in reply.json["items"]]
                self.served.update(name.partition(" ")[0] for name in names)
                self.strangers += [name for name in names if not name.startswith(workspace)]
            if reply.status == 503:
                time.sleep(0.05)

    def stop(self) -> None:
        self._stop.set()


def restarts(cluster: Cluster, times: int, pause: float, long_s: float) -> Iterator[Window]:
    """Restart in turn politely and by a crash; the last time it is away for long, when backing off must not have gone too far."""
    for number in range(times):
        time.sleep(pause)
        start = time.monotonic()
        cluster.server.stop("fast" if number % 2 == 0 else "immediate")
        time.sleep(long_s if number == times - 1 else 0.5 * (number % 3))
        try:
            cluster.server.ensure()
        except EmbeddedError:
            cluster.server.ensure()
        yield Window(start, time.monotonic())
    time.sleep(pause + RECOVERY_S)


@dataclass
class Verdict:
    """What went wrong, and the figures."""

    statuses: Counter[int]
    faults: list[str]
    recovery_s: float
    served: set[str]


def judge(load: Load, windows: list[Window], rows: set[tuple[str, str]]) -> Verdict:
    """The row's rules, each with its own complaint."""
    faults = []
    statuses = Counter(status for _, _, status, _ in load.answers)
    if set(statuses) - {200, 201, 503}:
        faults.append(f"statuses {statuses}")
    # A restart that took longer than it was to had everybody wait for so much longer.
    patience_s = HANG_S + max(0.0, max(each.end - each.start for each in windows) - LONG_S - 1)
    if slow := [ended - begun for begun, ended, _, _ in load.answers if ended - begun > patience_s]:
        faults.append(f"{len(slow)} hung, {max(slow):.1f} s")
    if silent := sum(status == 503 and not told for _, _, status, told in load.answers):
        faults.append(f"{silent} 503s without Retry-After")
    outside, recovery = 0, 0.0
    for begun, ended, status, _ in load.answers:
        if status == 503:
            # A request may have begun before the window and met its start, or have waited for the recovery's end.
            window = next((each for each in windows if ended >= each.start and begun <= each.end + RECOVERY_S), None)
            outside += window is None
            recovery = max(recovery, min(max(0.0, ended - each.end) for each in windows if ended >= each.start)) if window else recovery
    if outside:
        faults.append(f"{outside} errors outside of the windows")
    if recovery > RECOVERY_S:
        faults.append(f"recovered after {recovery:.2f} s")
    if lost := set(load.acknowledged) - rows:
        faults.append(f"{len(lost)} acknowledged writes lost")
    if load.strangers:
        faults.append(f"{len(load.strangers)} rows of another workspace")
    if load.broken:
        faults.append(f"{len(load.broken)} broken connections: {load.broken[0]}")
    return Verdict(statuses, faults, recovery, load.served)


@pytest.mark.parametrize(("times", "pause"), [(4, 1.0), pytest.param(20, 2.0, marks=pytest.mark.torture)])
def test_f7_a_restart_gives_only_503s_and_passes(lasting: Cluster, tmp_path: Path, times: int, pause: float) -> None:
    verdict = ride(lasting, tmp_path, times, pause)
    assert not verdict.faults, verdict
    assert verdict.statuses[201] > 100, verdict
    assert verdict.statuses[503] > 0, "the database was never missed: the load was none"
    assert len(verdict.served) == WORKSPACES, "nobody else's rows were there to be mixed up"
    print(verdict)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [("five_hundreds", "statuses"), ("broken_connections", "errors outside of the windows"), ("mixed_rows", "rows of another workspace")],
)
def test_f7_a_server_with_a_fault_is_noticed(lasting: Cluster, tmp_path: Path, fault: str, complaint: str) -> None:
    verdict = ride(lasting, tmp_path, 1, 0.5, long_s=1.5, app=f"tests.security.faulty:{fault}")
    assert [each for each in verdict.faults if complaint in each], verdict
    print(verdict)


def ride(cluster: Cluster, folder: Path, times: int, pause: float, *, long_s: float = LONG_S, app: str = "wsgi:app") -> Verdict:
    """A web server under load on a database that restarts."""
    settings = cluster.settings(cluster.clone(f"f7_{uuid.uuid4().hex[:8]}"), access_token_ttl_s=3600)
    with servers.web_server(settings, folder / "web.log", workers=2, threads=4, app=app) as url:
        api = Api(url)
        owners = [api.signup(f"Owner {number}") for number in range(WORKSPACES)]
        people = [(owner, api.workspace(owner)) for owner in owners]
        load = Load(api)
        with ThreadPoolExecutor(CLIENTS) as crowd:
            running = [crowd.submit(load.run, people, number) for number in range(CLIENTS)]
            try:
                windows = list(restarts(cluster, times, pause, long_s))
            finally:
                load.stop()
            for each in running:
                each.result()
        return judge(load, windows, stored(settings.database_owner_url or ""))


def stored(dsn: str) -> set[tuple[str, str]]:
    with psycopg.connect(dsn) as connection:
        connection.execute("set app.maintenance = 'on'")
        return {(str(workspace), name) for workspace, name in connection.execute("select workspace_id, full_name from clients")}


SEEDED: dict[str, Any] = {
    "a 500": {"answers": [(5.0, 5.1, 500, False)]},
    "a hang": {"answers": [(5.0, 5.1 + HANG_S, 200, False)]},
    "a 503 without Retry-After": {"answers": [(5.0, 5.1, 503, False)]},
    "a 503 while the database was there": {"answers": [(1.0, 1.1, 503, True)]},
    "a late recovery": {"answers": [(7.9, 8.5, 503, True)]},
    "a lost write": {"acknowledged": [("w", "never stored")]},
    "a stranger": {"strangers": ["somebody else's"]},
    "a broken connection": {"broken": ["ConnectionError"]},
}


@pytest.mark.parametrize("fault", SEEDED)
def test_f7_each_fault_is_noticed(server: Api, fault: str) -> None:
    assert judge(Load(server, **SEEDED[fault]), [Window(5.0, 6.0)], set()).faults


def test_f7_a_clean_record_has_no_fault(server: Api) -> None:
    load = Load(server, answers=[(4.9, 5.1, 503, True), (6.0, 7.0, 503, True), (1.0, 1.1, 200, False)], acknowledged=[("w", "n")])
    assert not judge(load, [Window(5.0, 6.0)], {("w", "n")}).faults


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server of this module's own, that keeps what it acknowledged through a crash."""
    with servers.cluster(tmp_path_factory.mktemp("f7"), fsync="on", synchronous_commit="on", full_page_writes="on") as made:
        yield made
