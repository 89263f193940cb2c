"""Web servers and workers killed at random points while clients write, and what was stored compared with what was answered."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import requests

from config.settings import Settings
from tests import packages, servers
from tests.loopback import free_port
from tests.servers import Api, Person

CLIENTS: Final = 6
PATIENCE_S: Final = 60.0
VICTIMS: Final = ("web process", "web master", "worker", "web process", "worker")
Again = Literal["with the same key", "with a new key", "never"]


@dataclass(frozen=True)
class Verdict:
    """Jepsen's sets, of clients, events and ledger rows. acknowledged: the answered requests.

    recovery_s: from the last kill until every request was answered and no job waited. slowest_answer_s, slowest_job_s: the longest anything
    took, over all kills. cut: requests that ended without an answer; replayed: answers of an earlier attempt; attempts: the most a job needed.
    """

    acknowledged: int
    lost: frozenset[str]
    duplicated: frozenset[str]
    unexpected: frozenset[str]
    recovery_s: float
    slowest_answer_s: float
    slowest_job_s: float
    cut: int
    replayed: int
    attempts: int
    kills: Mapping[str, int]


@dataclass
class Site:
    """A running installation with the ledger, and its processes."""

    settings: Settings
    url: str
    supervisor: int
    kills: Counter[str] = field(default_factory=Counter)

    def pids(self, kind: str) -> list[int]:
        """The living processes of a kind."""
        masters = [pid for pid in children(self.supervisor) if "granian" in command(pid)]
        if kind == "web master":
            return masters
        if kind == "web process":
            return [pid for master in masters for pid in children(master) if "granian" in command(pid)]
        return [pid for pid in children(self.supervisor) if command(pid)[-2:] == ["config.cli", "worker"]]

    def kill(self, kind: str) -> None:
        """Kill -9 one of them, and when there is none, the next one."""
        until(lambda: self.pids(kind))
        os.kill(random.choice(self.pids(kind)), signal.SIGKILL)
        self.kills[kind] += 1

    def studio(self, **ledger: object) -> tuple[Person, str]:
        """A person with a workspace that has the ledger on."""
        until(lambda: ready(self.url))
        api = Api(self.url)
        owner = api.signup()
        workspace = api.workspace(owner)
        told = {"enabled": True, "settings": ledger}
        assert api.put(f"/api/v1/workspaces/{workspace}/modules/ledger", json=told, who=owner).status == 200
        return owner, workspace


class Crowd:
    """Threads that add clients, each with a key, again and again until there is an answer. Now and then one hangs up without reading it."""

    def __init__(self, site: Site, owner: Person, workspace: str, again: Again, hanging_up: float) -> None:
        self._port = site.settings.port
        self._headers = {"Authorization": f"Bearer {owner.token}", "X-Workspace-Id": workspace, "Content-Type": "application/json"}
        self._again, self._hanging_up = again, hanging_up
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(CLIENTS)]
        self.answered: dict[str, str | None] = {}
        self.seen: Counter[str] = Counter()
        self.slowest_s = 0.0

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        count = 0
        while not self._stop.wait(random.uniform(0, 0.08)):
            name = f"Client {number} {count}"
            began = time.monotonic()
            self.answered[name] = self._until_answered(name)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            count += 1

    def _until_answered(self, name: str) -> str | None:
        """The id of the client, None when nobody told it. An answer that may not be is an id that does not exist."""
        key = str(uuid.uuid4())
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = self._ask(name, key)
            if isinstance(answer, str):
                return answer
            if self._again == "never":
                return None
            if self._again == "with a new key":
                key = str(uuid.uuid4())
            time.sleep(random.uniform(0.02, 0.1))
        return "no answer in time"

    def _ask(self, name: str, key: str) -> str | None:
        """The id or what else was answered; None when it is to be sent again."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", "/api/v1/clients", json.dumps({"full_name": name}), {**self._headers, "Idempotency-Key": key})
            if random.random() < self._hanging_up:
                time.sleep(random.uniform(0, 0.02))
                self.seen["hung up"] += 1
                return None
            answer = connection.getresponse()
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            self.seen["refused" if isinstance(error, ConnectionRefusedError) else "cut"] += 1
            return None
        finally:
            connection.close()
        self.seen[str(answer.status)] += 1
        if answer.status == 201:
            self.seen["replayed"] += answer.headers["Idempotent-Replayed"] == "true"
            return str(body["id"])
        if answer.status == 503 or (answer.status == 409 and body["code"] == "idempotency_in_progress"):
            return None
        return f"answer {answer.status} {body}"


def killing(
    site: Site, *, kills: int, victims: Sequence[str] = VICTIMS, again: Again = "with the same key", pause_s: float = 0.05, apart: bool = False,
    hanging_up: float = 0.05,
) -> Verdict:  # fmt: skip
    """Kill -9 something, wait until clients get on, and so on; then let everything settle and compare."""
    owner, workspace = site.studio(pause_s=pause_s, apart=apart)
    site.kills.clear()
    with Crowd(site, owner, workspace, again, hanging_up) as crowd:
        for number in range(kills):
            before = len(crowd.answered)
            until(lambda: len(crowd.answered) > before + 2 * CLIENTS)  # noqa: B023
            time.sleep(random.uniform(0, 0.4))
            site.kill(victims[number % len(victims)])
        killed_at = time.monotonic()
    with servers.owner_of(site.settings) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            connection.commit()
            connection.execute("set local app.maintenance = 'on'")
            return connection.execute(query, {"w": workspace}).fetchall()

        with contextlib.suppress(AssertionError):
            until(lambda: rows(UNDONE) == [(0,)])
        recovery_s = time.monotonic() - killed_at
        lost, duplicated, unexpected = compared(crowd.answered, rows(CLIENT), rows(EVENT), rows(LEDGER))
        [(attempts, slowest_job_s)] = rows(JOBS)
    print(dict(crowd.seen))
    return Verdict(
        acknowledged=len(crowd.answered), lost=lost, duplicated=duplicated, unexpected=unexpected, recovery_s=recovery_s,
        slowest_answer_s=crowd.slowest_s, slowest_job_s=float(slowest_job_s), cut=crowd.seen["cut"], replayed=crowd.seen["replayed"],
        attempts=attempts, kills=dict(site.kills),
    )  # fmt: skip


CLIENT: Final = "select full_name, id::text from clients where workspace_id = %(w)s"
EVENT: Final = "select payload ->> 'client_id' from outbox where workspace_id = %(w)s and name = 'clients_created'"
LEDGER: Final = "select client_id::text from ledger_entry where workspace_id = %(w)s"
UNDONE: Final = "select count(*) from outbox_deliveries where workspace_id = %(w)s and done_at is null"
JOBS: Final = """
    select coalesce(max(attempts), 0), coalesce(max(extract(epoch from coalesce(done_at, now()) - created_at)), 0)
      from outbox_deliveries where workspace_id = %(w)s"""

Rows = list[tuple[Any, ...]]
Sets = tuple[frozenset[str], frozenset[str], frozenset[str]]


def compared(answered: Mapping[str, str | None], clients: Rows, events: Rows, ledger: Rows) -> Sets:
    """What is lost, what is there twice, what nobody asked for. answered: name → the id that was told."""
    names = {id: name for name, id in clients}
    found = {
        "client": Counter(name for name, _ in clients),
        "event": Counter(names.get(id, id) for (id,) in events),
        "ledger": Counter(names.get(id, id) for (id,) in ledger),
    }
    lost = {f"{kind} {name}" for kind, seen in found.items() for name in answered.keys() - seen.keys()}
    lost |= {f"answer {name}: {id}" for name, id in answered.items() if id is not None and names.get(id) != name}
    duplicated = {f"{kind} {name}" for kind, seen in found.items() for name, times in seen.items() if times > 1}
    unexpected = {f"{kind} {name}" for kind, seen in found.items() for name in seen.keys() - answered.keys()}
    return frozenset(lost), frozenset(duplicated), frozenset(unexpected)


def children(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(each) for listed in Path(f"/proc/{pid}/task").glob("*/children") for each in listed.read_text().split()]
    return []


def command(pid: int) -> list[str]:
    """Its command line; nothing when it is gone or a zombie."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
    return []


def ready(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url + "/health/ready", timeout=5).status_code == 200
    return False


def until(true: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def running(cluster: servers.Cluster, folder: Path) -> Iterator[Site]:
    """An installation as `make run` has it, with the ledger and a second worker."""
    installed = packages.install(folder / "packages", "ledger")
    settings = dataclasses.replace(
        cluster.settings(cluster.clone("fitpro_web_kills"), lease_s=2, poll_ms=50, access_token_ttl_s=3600, workers=2, threads=2),
        home=folder / "home", port=free_port(), demo=False,
    )  # fmt: skip
    path = {"PYTHONPATH": packages.path(installed)}
    upgraded = packages.fitpro(settings, path, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    log = folder / "site.log"
    with servers.process([sys.executable, "-m", "tests.security.supervised"], servers.environ(settings, **path), log) as child:
        url = f"http://127.0.0.1:{settings.port}"
        servers.wait_ready(url, child, log)
        yield Site(settings, url, child.pid)
