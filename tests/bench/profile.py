"""`python -m tests.bench.profile`: where the product's time goes, per request, from the WSGI environ to the answer, in this process.

The plain figures come from an undisturbed loop; cProfile's table from a second one, whose own cost (about twice the time) it contains.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import itertools
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from tests.bench import database, processes, product_side
from tests.bench.load import WORKS
from tests.bench.product_side import Owner
from tests.servers import ROOT

_FREE = datetime(2030, 1, 1, tzinfo=UTC)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description="Microseconds per request, by function.")
    parser.add_argument("--work", default=",".join(WORKS), help=f"some of {','.join(WORKS)}")
    parser.add_argument("--requests", type=int, default=1000, help="how many of each")
    parser.add_argument("--top", type=int, default=25, help="how many functions")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fitpro-profile-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / "metrics").mkdir()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(home / "metrics")  # as `make run` has it
        from config.bootstrap import install, web  # not earlier: prometheus_client reads that variable when imported

        with database.cluster(home / "cluster") as cluster:
            settings = product_side.install(cluster)
            owners = product_side.seed(cluster, settings)
            app = web(install(settings))
            for work in told.work.split(","):
                requests = _requests(work, owners)
                _run(app, requests, 200)
                _plain(app, requests, work, told.requests, cluster.server.pid or 0)
                _profiled(app, requests, told.requests, told.top)
    return 0


def _requests(work: str, owners: list[Owner]) -> Iterator[dict[str, Any]]:
    """Environs as granian makes them, for ever."""
    for n in itertools.count():
        owner = owners[n % len(owners)]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/api/v1/clients", "QUERY_STRING": "", "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000",
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
            "HTTP_AUTHORIZATION": f"Bearer {owner.token}", "HTTP_X_WORKSPACE_ID": str(owner.workspace),
        }  # fmt: skip
        if work == "list":
            environ["QUERY_STRING"] = "limit=50"
        elif work == "get":
            environ["PATH_INFO"] += f"/{owner.clients[n % len(owner.clients)]}"
        elif work == "create":
            given = {
                "full_name": f"Client Number {n}", "email": f"client{n}@studio.example", "phone": f"+3519{n:08}",
                "tags": ["goal-1", "vip", "morning"], "notes": "leg day",
            }  # fmt: skip
            environ |= _posted(given)
        elif work == "book":
            start = _FREE + n * timedelta(minutes=30)
            given = {
                "title": "Session", "client_ids": [str(owner.clients[n % len(owner.clients)])], "start_time": start.isoformat(),
                "end_time": (start + timedelta(minutes=30)).isoformat(), "notes": "leg day",
            }  # fmt: skip
            environ |= _posted(given) | {"PATH_INFO": "/api/v1/bookings", "HTTP_IDEMPOTENCY_KEY": f"book-{n}"}
        elif work == "health":
            environ["PATH_INFO"] = "/health"
        else:
            raise SystemExit(f"unknown work: {work}")
        yield environ


def _posted(given: dict[str, Any]) -> dict[str, Any]:
    body = orjson.dumps(given)
    return {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}


def _run(app: Callable[..., Any], requests: Iterator[dict[str, Any]], count: int) -> None:
    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        if not status.startswith("2"):
            raise SystemExit(f"answered {status}")

    for environ in itertools.islice(requests, count):
        b"".join(app(environ, start))


def _plain(app: Callable[..., Any], requests: Iterator[dict[str, Any]], work: str, count: int, postgres: int) -> None:
    (pg,) = processes.cpu_ms(postgres)
    cpu, wall = time.process_time(), time.perf_counter()
    _run(app, requests, count)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    pg = processes.cpu_ms(postgres)[0] - pg
    print(f"\n== {work}: {cpu / count * 1e6:.0f} µs CPU here, {pg / count * 1e3:.0f} µs CPU in PostgreSQL, {wall / count * 1e6:.0f} µs in all")


def _profiled(app: Callable[..., Any], requests: Iterator[dict[str, Any]], count: int, top: int) -> None:
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    _run(app, requests, count)
    profiler.disable()
    rows = sorted(pstats.Stats(profiler).stats.items(), key=lambda item: -item[1][2])  # type: ignore[attr-defined]
    print(f"{'calls':>7}{'own µs':>9}{'all µs':>9}  function")
    for (file, number, name), (_, calls, own, every, _) in rows[:top]:
        where = f"{_short(file)}:{number} {name}" if number else name
        print(f"{calls / count:7.1f}{own / count * 1e6:9.1f}{every / count * 1e6:9.1f}  {where}")


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])


if __name__ == "__main__":
    sys.exit(main())
