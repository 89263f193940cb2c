"""Requests that carry an Idempotency-Key, what they left in the database, and a web server to kill under them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import requests

from config.settings import Settings
from tests import servers
from tests.loopback import free_port
from tests.servers import Api, Person, Reply

CODE_REUSED, CODE_RUNNING = "idempotency_key_reused", "idempotency_in_progress"


class Studio:
    """Somebody with a workspace, and what happened in it as the database knows it."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self.api, self.settings = api, settings
        self.owner = api.signup()
        self.workspace = api.workspace(self.owner)

    def add(self, key: str | None, name: str, *, who: Person | None = None, workspace: str | None = None, api: Api | None = None) -> Reply:
        headers = {} if key is None else {"Idempotency-Key": key}
        where = workspace or self.workspace
        return (api or self.api).post("/api/v1/clients", json={"full_name": name}, who=who or self.owner, workspace=where, headers=headers)

    def until_answered(self, send: Any, seconds: float = 120) -> Reply:
        """As a careful client: again while the first request still runs, or the server is away."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                reply: Reply = send()
                if reply.status != 503 and not (reply.status == 409 and reply.json["code"] == CODE_RUNNING):
                    return reply
                assert reply.headers["Retry-After"] == "1"
            except requests.RequestException:
                pass
            assert time.monotonic() < deadline, "no answer in time"
            time.sleep(random.uniform(0.02, 0.1))

    def effects(self, workspace: str | None = None) -> Counter[str]:
        """Clients by name, and events, as the database has them."""
        with owner(self.settings) as connection:
            where = {"w": workspace or self.workspace}
            names = [row[0] for row in connection.execute("select full_name from clients where workspace_id = %(w)s", where)]
            events = connection.execute("select count(*) from outbox where workspace_id = %(w)s and name = 'clients_created'", where).fetchone()
        return Counter(names) + Counter({"events": events[0] if events else 0})

    def age(self, hours: int) -> None:
        """Every key becomes so much older."""
        with owner(self.settings) as connection:
            connection.execute("update idempotency_keys set created_at = created_at - make_interval(hours => %s)", (hours,))


def owner(settings: Settings) -> psycopg.Connection[Any]:
    connection = psycopg.connect(settings.database_owner_url or "")
    connection.execute("set app.maintenance = 'on'")
    connection.commit()
    return connection


class killable:  # noqa: N801 - reads as a verb where it is used
    """A web server of one worker on a fixed port, to be killed and started again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.log, self.port = settings, folder / "web.log", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = Api(self.url)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--workers", "1", "--blocking-threads", "4",
            "--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning", "wsgi:app",
        ]  # fmt: skip
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                servers.mortal(arguments), env=servers.environ(self.settings), cwd=servers.ROOT, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        servers.wait_ready(self.url, self._child, self.log)

    def kill(self) -> None:
        """kill -9, the workers with their parent."""
        assert self._child is not None
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def __enter__(self) -> killable:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
