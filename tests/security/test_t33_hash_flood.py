"""T33: two hundred who sign in at once take neither the memory nor the threads from everybody else."""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from config.settings import Settings
from tests.servers import web_server

HASH_MIB, HASHES, THREADS, PEOPLE = 19, 4, 4, 200
RUSH_S = 6.0
"""At most: until the patience of a rush is used up, and whoever finds no room is sent away at once."""


@dataclasses.dataclass
class Flood:
    """What happened while everybody signed in."""

    statuses: Counter[int]
    health_ms: list[float]
    grown_mib: float
    rush_s: float
    told: list[str]
    """What Retry-After said."""

    def p99(self) -> float:
        return statistics.quantiles(self.health_ms, n=100)[98]


def test_t33_a_flood_of_sign_ins_is_shed_and_everything_else_answers(crowded: str, seconds: float, patience_ms: float) -> None:
    flood = flooded(crowded, seconds)
    print(f"T33: {dict(flood.statuses)}; memory +{flood.grown_mib:.0f} MiB; /health p99 {flood.p99():.0f} ms after a rush of {flood.rush_s:.1f} s")
    assert flood.statuses.keys() <= {401, 429, 503}
    assert flood.statuses[503] > 0
    assert flood.told == ["1"]
    assert flood.grown_mib <= HASHES * HASH_MIB * 1.2
    assert flood.p99() < patience_ms


@dataclasses.dataclass
class Answered:
    """What the crowd was answered."""

    statuses: Counter[int] = dataclasses.field(default_factory=Counter)
    told: list[str] = dataclasses.field(default_factory=list)


def flooded(url: str, seconds: float) -> Flood:
    before = most = _memory_mib(url)
    health = []
    with crowd(url) as answered, requests.Session() as session:
        session.trust_env = False
        rush_s = _rush(session, url)
        until = time.monotonic() + seconds
        while time.monotonic() < until or len(health) < 100:
            began = time.perf_counter()
            assert session.get(url + "/health", timeout=10).status_code == 200
            health.append(1000 * (time.perf_counter() - began))
            most = max(most, _memory_mib(url)) if len(health) % 20 == 0 else most
            time.sleep(0.01)
    return Flood(Counter(answered.statuses), health, most - before, rush_s, answered.told)


def _rush(session: requests.Session, url: str) -> float:
    """Wait until nobody waits for room any more; how long that took."""
    began = time.monotonic()
    quick = 0
    while quick < 20 and time.monotonic() - began < RUSH_S:
        asked = time.perf_counter()
        session.get(url + "/health", timeout=30)
        quick = quick + 1 if time.perf_counter() - asked < 0.1 else 0
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def crowd(url: str) -> Iterator[Answered]:
    """Two hundred clients in a process of their own; what they were answered is there after the block."""
    answered = Answered()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.security.test_t33_hash_flood", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "all asked once\n"
        yield answered
        told, _ = child.communicate("enough")
    found = json.loads(told)
    answered.statuses.update({int(status): count for status, count in found["statuses"].items()})
    answered.told.extend(found["told"])


def _keep_signing_in(url: str, ended: threading.Event, statuses: Counter[int], told: set[str]) -> None:
    """As a client does that is told to come back in a second."""
    with requests.Session() as session:
        session.trust_env = False
        while not ended.is_set():
            reply = session.post(url + "/auth/login", json=_nobody(), timeout=30)
            statuses[reply.status_code] += 1
            if reply.status_code == 503:
                told.add(reply.headers["Retry-After"])
            ended.wait(1.0 if reply.status_code == 503 else 0.0)


def _main(url: str) -> None:
    ended, statuses, told = threading.Event(), Counter[int](), set[str]()
    threads = [threading.Thread(target=_keep_signing_in, args=(url, ended, statuses, told)) for _ in range(PEOPLE)]
    for thread in threads:
        thread.start()
    while statuses.total() < PEOPLE:
        time.sleep(0.01)
    print("all asked once", flush=True)
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"statuses": statuses, "told": sorted(told)}))


def _nobody() -> dict[str, str]:
    return {"email": f"{uuid.uuid4().hex}@example.com", "password": "a long enough secret"}


def _memory_mib(url: str) -> float:
    """Of the web server's processes, found by the port they listen on."""
    port = url.rpartition(":")[2]
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"\0{port}\0".encode() in (process / "cmdline").read_bytes():
                found = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmRSS"))
                total += int(found.split()[1])
        except (OSError, StopIteration):
            continue
    return total / 1024


@pytest.fixture(params=[3.0, pytest.param(20.0, marks=pytest.mark.torture)])
def seconds(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
def patience_ms(seconds: float) -> float:
    """The figure belongs to the long run on an idle machine; the short one shares its processors with other tests."""
    return 100.0 if seconds > 10 else 2_000.0


@pytest.fixture(scope="module")
def crowded(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the real costs of a hash."""
    real = dataclasses.replace(settings, argon2_time_cost=2, argon2_memory_kib=HASH_MIB * 1024, threads=THREADS)
    with web_server(real, tmp_path_factory.mktemp("crowded") / "web.log", threads=THREADS) as url:
        yield url


if __name__ == "__main__":
    _main(sys.argv[1])
