"""One measured run: wrk on a server, with what it cost the server and PostgreSQL."""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench import processes

WORKS = ("list", "get", "create", "book", "health")


@dataclass(frozen=True, slots=True)
class Side:
    """A server under load. words: what its script calls each work, where it differs."""

    name: str
    url: str
    pid: int
    script: Path
    tokens: Path
    words: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """A run. Latencies in ms; server_ms and postgres_ms: CPU per request; bad: answers that were not 2xx, and broken connections.

    others: the share of the machine that was busy with neither side, PostgreSQL nor wrk.
    """

    rps: float
    p50: float
    p99: float
    requests: int
    bad: int
    server_ms: float
    postgres_ms: float
    others: float

    @property
    def cpu_ms(self) -> float:
        return self.server_ms + self.postgres_ms


def measure(side: Side, work: str, postgres: int, *, seconds: int, connections: int, salt: int) -> Sample:
    """Load a server with one kind of request."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(side.script), side.url]
    told = {"W": side.words.get(work, work), "TOKENS": str(side.tokens), "SALT": str(salt), "ALG": "hs"}
    before = (*processes.cpu_ms(side.pid, postgres), _children_ms(), processes.machine_ms())
    done = subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, timeout=seconds + 60, check=False)
    after = (*processes.cpu_ms(side.pid, postgres), _children_ms(), processes.machine_ms())
    result = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if done.returncode or result is None:
        raise SystemExit(f"wrk failed on {side.name} {work}: {done.stdout[-500:]}{done.stderr[-500:]}")
    said = dict(pair.split("=", 1) for pair in result[1].split())
    requests = int(said["n"])
    if not requests:
        raise SystemExit(f"{side.name} answered nothing to {work}")
    server, database, wrk, machine = (late - early for early, late in zip(before, after, strict=True))
    capacity = seconds * 1000 * (os.cpu_count() or 1)
    return Sample(
        float(said["rps"]), float(said["p50"]), float(said["p99"]), requests, int(said["bad"]) + int(said["err"]),
        server / requests, database / requests, max(0.0, machine - server - database - wrk) / capacity,
    )  # fmt: skip


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000
