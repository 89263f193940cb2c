"""F5: a web server told to stop finishes what it began and ends with 0; under rolling restarts clients get whole answers or are turned away."""

from __future__ import annotations

import dataclasses
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from config.settings import Settings
from tests import packages, servers
from tests.loopback import free_port
from tests.servers import Api, Person

PER_SECOND = 50
STOP_S = 25


class Web:
    """One of the servers behind a balancer: a port of its own, restarted in place."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings, self.log, self.port = settings, log, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # As config/supervisor.py runs it.
        arguments = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--workers", "1", "--blocking-threads", "2",
            "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10", "--host", "127.0.0.1",
            "--port", str(self.port), "--log-level", "warning", "wsgi:app",
        ]  # fmt: skip
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                servers.mortal(arguments), env=servers.environ(self.settings), cwd=servers.ROOT, stdout=output, stderr=output, start_new_session=True
            )
        servers.wait_ready(self.url, self.child, self.log)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """The exit code, and the seconds it took."""
        assert self.child is not None
        begun = time.monotonic()
        self.child.send_signal(how)
        return self.child.wait(STOP_S + 10), time.monotonic() - begun


@dataclass
class Traffic:
    """What clients saw: answers by status, and how requests without one ended."""

    seen: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, ports: tuple[int, int], first: int, who: Person, workspace: str, name: str | None) -> None:
        """One request to whichever server takes it; with a key, so that it may be sent again."""
        headers = {"Authorization": f"Bearer {who.token}", "X-Workspace-Id": workspace, "Connection": "close"}
        body = None
        if name is not None:
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
            body = json.dumps({"full_name": name})
        for attempt in range(first, first + 40):
            outcome = ask(ports[attempt % 2], "GET" if name is None else "POST", body, headers)
            with self._lock:
                self.seen[outcome] += 1
                if outcome == "201" and name is not None:
                    self.acknowledged.append(name)
            if outcome not in ("refused", "dropped unanswered", "409"):
                return
            time.sleep(0.02)
        with self._lock:
            self.seen["gave up"] += 1


def ask(port: int, method: str, body: str | None, headers: dict[str, str]) -> str:
    """A status, or how it ended without one. Truncated: an answer began and was not whole."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, "/api/v1/clients" + ("?limit=20" if method == "GET" else ""), body, headers)
        answer = connection.getresponse()
    except ConnectionRefusedError:
        return "refused"
    except (http.client.RemoteDisconnected, ConnectionError):
        return "dropped unanswered"
    except (http.client.HTTPException, OSError) as error:
        return f"broken: {error!r}"
    try:
        text = answer.read()
        json.loads(text)
    except (http.client.HTTPException, OSError, ValueError):
        return "truncated"
    finally:
        connection.close()
    return str(answer.status) if answer.headers["Content-Length"] == str(len(text)) else "truncated"


def roll(settings: Settings, folder: Path, restarts: int) -> tuple[Traffic, list[tuple[int, float]], set[str]]:
    """Two servers restarted in turn under a steady load; what clients saw, how the servers ended, what was stored."""
    webs = [Web(settings, folder / f"web{number}.log") for number in range(2)]
    with running(webs):
        api = Api(webs[0].url)
        who = signed_in = api.signup()
        workspace = api.workspace(who)
        traffic, ended, done = Traffic(), [], threading.Event()
        ports = (webs[0].port, webs[1].port)

        def pace(crowd: ThreadPoolExecutor) -> None:
            for number in itertools.count():
                if done.is_set():
                    return
                crowd.submit(traffic.send, ports, number // 2, signed_in, workspace, f"Client {number}" if number % 2 else None)
                time.sleep(1 / PER_SECOND)

        with ThreadPoolExecutor(16) as crowd:
            pacer = threading.Thread(target=pace, args=(crowd,))
            pacer.start()
            for number in range(restarts):
                web = webs[number % 2]
                ended.append(web.stop())
                web.start()
                if number % 10 == 9:  # before the token ends: a hundred restarts take longer than it lasts
                    again = api.post("/auth/login", json={"email": who.email, "password": "a long enough secret"})
                    signed_in = dataclasses.replace(who, token=again.json["access_token"])
            done.set()
            pacer.join()
    with psycopg.connect(settings.database_owner_url or "") as connection:
        connection.execute("set app.maintenance = 'on'")
        stored = [row[0] for row in connection.execute("select full_name from clients where workspace_id = %s", (workspace,))]
    assert len(stored) == len(set(stored)), "a request that was sent again happened twice"
    return traffic, ended, set(stored)


@contextmanager
def running(webs: list[Web]) -> Iterator[None]:
    try:
        for web in webs:
            web.start()
        yield
    finally:
        for web in webs:
            if web.child is not None:
                with suppress(ProcessLookupError):  # the whole group: a killed master leaves its workers behind
                    os.killpg(web.child.pid, signal.SIGKILL)
                web.child.wait()


def faults(traffic: Traffic, ended: list[tuple[int, float]], stored: set[str]) -> list[str]:
    found = [f"{name}: {count}" for name, count in traffic.seen.items() if name not in ("200", "201", "refused", "dropped unanswered", "409")]
    if (dropped := traffic.seen["dropped unanswered"]) > 2 + len(ended) // 20:  # what the kernel had taken when the listener closed
        found.append(f"dropped unanswered: {dropped}")
    found += [f"exit {code} after {seconds:.1f} s" for code, seconds in ended if code != 0 or seconds > STOP_S]
    if lost := set(traffic.acknowledged) - stored:
        found.append(f"{len(lost)} acknowledged writes lost")
    return found


@pytest.mark.parametrize("restarts", [6, pytest.param(100, marks=pytest.mark.torture)])
def test_f5_rolling_restarts_cost_no_answer(settings: Settings, tmp_path: Path, restarts: int) -> None:
    traffic, ended, stored = roll(settings, tmp_path, restarts)
    print(traffic.seen, [f"{seconds:.2f}" for _, seconds in ended])
    assert not faults(traffic, ended, stored), traffic.seen
    assert traffic.seen["200"] + traffic.seen["201"] > 30 * restarts, traffic.seen
    assert traffic.seen["refused"] > 0, "no request met a server that was down: the load was none"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_f5_what_was_begun_is_finished(settings: Settings, tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals) -> None:
    """Requests that take a second, told to stop in their middle."""
    monkeypatch.setenv("PYTHONPATH", str(site))
    web = Web(settings, tmp_path / "web.log")
    with running([web]):
        api = Api(web.url)
        who = api.signup()
        workspace = api.workspace(who)
        ledger = tmp_path / "ledger"

        def charge(number: int) -> int:
            body = {"reference": str(number), "ledger": str(ledger), "seconds": 1}
            return Api(web.url).post("/api/v1/charging/charges", json=body, who=who, workspace=workspace).status

        with ThreadPoolExecutor(2) as crowd:
            sent = [crowd.submit(charge, number) for number in range(2)]
            while not ledger.exists() or ledger.read_text().count("asked") < 2:
                time.sleep(0.01)
            code, seconds = web.stop(how)
            assert [each.result() for each in sent] == [201, 201]
    assert code == 0
    assert seconds < STOP_S
    assert ledger.read_text().count("made") == 2


def test_f5_a_server_that_is_killed_is_noticed(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded fault: kill -9 instead of SIGTERM."""
    monkeypatch.setattr(Web, "stop", lambda self: (os.killpg(self.child.pid, signal.SIGKILL), (self.child.wait(), 0.0))[1])
    traffic, ended, stored = roll(settings, tmp_path, 1)
    assert "exit -9 after 0.0 s" in faults(traffic, ended, stored)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n\r\n{", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{"]
)
def test_f5_an_answer_cut_short_is_noticed(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(answer)

        threading.Thread(target=serve).start()
        assert ask(listener.getsockname()[1], "GET", None, {}) == "truncated"


def test_f5_a_server_that_drops_what_it_took_is_noticed() -> None:
    """Seeded fault: it takes connections while it stops, and closes them."""
    traffic = Traffic()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drop() -> None:
            for _ in range(3):
                listener.accept()[0].close()

        threading.Thread(target=drop).start()
        traffic.seen.update(ask(listener.getsockname()[1], "GET", None, {}) for _ in range(3))
    assert faults(traffic, [(0, 0.1)] * 6, set()) == ["dropped unanswered: 3"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.install(tmp_path_factory.mktemp("charging") / "packages", "charging")
