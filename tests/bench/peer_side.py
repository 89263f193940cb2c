"""The peer: its own virtualenv, its own database, its own processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import requests

from tests.bench.database import CLIENTS, TENANTS, password
from tests.bench.load import Side
from tests.bench.virtualenvs import environment
from tests.loopback import free_port
from tests.servers import Cluster, process

HERE = Path(__file__).parent / "peer"
DATABASE = "peer"


@contextlib.contextmanager
def running(cluster: Cluster, folder: Path, workers: int) -> Iterator[Side]:
    """The peer with its data, ready."""
    programs = environment(".venv-peer", HERE / "requirements.txt")
    folder.mkdir()
    with cluster.superuser() as connection:
        connection.execute(f"create database {DATABASE}")
        host, port = connection.info.host, connection.info.port
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DATABASE_", "PYTHONPATH"))}
    seed = [str(programs / "python"), "-I", str(HERE / "seed.py"), f"host={host} port={port} user=postgres dbname={DATABASE}"]
    subprocess.run([*seed, str(TENANTS), str(CLIENTS), str(folder)], env={**clean, "PGPASSWORD": password("postgres")}, check=True)
    url = f"postgresql+asyncpg://fitpro_app:{quote(password('fitpro_app'), safe='')}@/{DATABASE}?host={quote(host, safe='')}&port={port}"
    listen = free_port()
    command = [
        str(programs / "uvicorn"), "app:app", "--app-dir", str(HERE), "--host", "127.0.0.1", "--port", str(listen),
        "--workers", str(workers), "--loop", "uvloop", "--http", "httptools",
        "--no-access-log", "--log-level", "warning", "--no-proxy-headers", "--no-server-header",
    ]  # fmt: skip
    told = {"DATABASE_URL": url, "KEYDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    log = folder / "server.log"
    with process(command, {**clean, **told}, log) as child:
        base = f"http://127.0.0.1:{listen}"
        _wait(base, log)
        yield Side("peer", base, child.pid, HERE / "load.lua", folder / "tokens.lua", {"create": "post", "book": "post"})


def _wait(base: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{base}/health", timeout=2).ok:
                return
        time.sleep(0.1)
    raise SystemExit(f"The peer was not ready in time:\n{log.read_text()[-4000:]}")


def effects(cluster: Cluster) -> dict[str, int]:
    """What its creates left: the three must be equal."""
    with cluster.superuser(DATABASE) as connection:
        return {
            table: connection.execute(f"select count(*) from {table}").fetchone()[0]  # type: ignore[index]
            for table in ("bookings", "audit_log", "outbox")
        }
