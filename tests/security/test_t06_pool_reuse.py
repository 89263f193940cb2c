"""T6: connections serve one workspace after another, and never one with the context of another; behind PgBouncer as well."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.http.gateway import Gateway
from adapters.postgres import gate
from adapters.postgres.pool import Pool
from adapters.postgres.wire import Result
from adapters.postgres.work import Item, UnitOfWork
from config.bootstrap import install, web
from config.settings import Settings
from tests.loopback import free_port
from tests.security.seeded import rewritten
from tests.security.studios import Studios, canaries
from tests.security.wandering import Call, serve
from tests.servers import process

STEPS, THREADS, POOL = 10_000, 16, 2
PGBOUNCER = "/usr/sbin/pgbouncer"
NOBODY = 65534


def storm(studios: Studios, gateway: Gateway, steps: int) -> Counter[str]:
    """Interleaved reads and writes of three workspaces from many threads on few connections. Counts `right`, `wrong`, `empty`, `status n`."""
    found: Counter[str] = Counter()
    lock = threading.Lock()

    def work(seed: int) -> None:
        dice, mine = random.Random(seed), Counter[str]()
        for _ in range(steps // THREADS):
            studio = studios[dice.choice("abc")]
            role = dice.choice(("Owner", "Colaborador", "Cliente"))
            headers = {"Authorization": f"Bearer {studio.people[role].token}", "X-Workspace-Id": studio.id}
            one = f"/api/v1/clients/{studio.clients[0]}"
            path = dice.choice((one, "/api/v1/clients", "/api/v1/users", f"/api/v1/workspaces/{studio.id}"))
            call = Call("", "GET", path, "", headers, None)
            if role == "Owner" and dice.random() < 0.2:
                call = Call("", "PATCH", one, "", headers, b'{"phone":"1001"}')
            for _ in range(20):  # as clients do, when it took too long to get a connection
                answer = serve(gateway, call)
                if answer.status != 503:
                    break
            seen = {letter for letter, _ in canaries([answer.body])}
            if answer.status != 200:
                mine[f"status {answer.status}"] += 1
            else:
                mine["empty" if not seen else "right" if seen == {studio.letter} else "wrong"] += 1
        with lock:
            found.update(mine)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def leftovers(pool: Pool) -> list[str]:
    """Contexts that idle connections still carry."""
    held = [pool.take() for _ in range(POOL)]
    try:
        found = [connection.execute("select current_setting('app.workspace_id', true)").fetchone() for connection in held]
        return [row[0] for row in found if row is not None and row[0]]
    finally:
        for connection in held:
            pool.give(connection)


def test_t6_ten_thousand_interleaved_requests_on_two_connections(studios: Studios, small: Gateway) -> None:
    found = storm(studios, small, STEPS)
    print(f"T6 direct: {dict(found)}")
    assert found == {"right": STEPS}
    assert leftovers(pool_of(small)) == []


@pytest.mark.external("pgbouncer")
def test_t6_ten_thousand_interleaved_requests_through_pgbouncer(studios: Studios, bounced: Gateway) -> None:
    found = storm(studios, bounced, STEPS)
    print(f"T6 PgBouncer: {dict(found)}")
    assert found == {"right": STEPS}


# The seeded faults -----------------------------------------------------------------------------------------------------------------------


def for_the_session(definition: str) -> str:
    return re.sub(r"(set_config\('app\.\w+', .*?), true\)", r"\1, false)", definition)


def test_t6_a_context_for_the_session_is_caught(studios: Studios, small: Gateway) -> None:
    with rewritten(studios.superuser, "app.enter", for_the_session):
        storm(studios, small, 320)
        assert leftovers(pool_of(small)) != []
    for connection in [pool_of(small).take() for _ in range(POOL)]:
        connection.close()
        pool_of(small).give(connection)


@pytest.mark.external("pgbouncer")
def test_t6_a_context_set_in_another_transaction_is_caught_behind_pgbouncer(
    studios: Studios, bounced: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = UnitOfWork._exchange

    def in_two(self: UnitOfWork, batch: list[Item], opening: bool, repeatable: bool) -> list[Result]:
        at = 1 if batch[0][0] is gate.BEGIN else 0
        if not opening or len(batch) <= at or batch[at][0] is not gate.ENTER:
            return original(self, batch, opening, repeatable)
        first = original(self, [batch[at]], opening, repeatable)
        rest = original(self, [*batch[:at], *batch[at + 1 :]], False, False) if len(batch) > 1 else []
        return [*rest[:at], *first, *rest[at:]]

    monkeypatch.setattr(UnitOfWork, "_exchange", in_two)
    with rewritten(studios.superuser, "app.enter", for_the_session):
        found = storm(studios, bounced, 1_600)
    print(f"T6 PgBouncer, seeded: {dict(found)}")
    assert found["right"] < 1_600
    assert found["wrong"] + found["empty"] + found["status 404"] > 100


# Servers ---------------------------------------------------------------------------------------------------------------------------------


def pool_of(gateway: Gateway) -> Pool:
    pool: Pool = gateway.runner.platform.databases["app"].pool  # type: ignore[attr-defined]
    return pool


@contextlib.contextmanager
def second(settings: Settings) -> Iterator[Gateway]:
    """The application once more in this process."""
    installation = install(settings)
    gateway = web(installation)
    try:
        yield gateway
    finally:
        installation.container.app_pool().close()
        installation.container.auth_pool().close()


@pytest.fixture(scope="module")
def small(studios: Studios) -> Iterator[Gateway]:
    """On two connections."""
    with second(dataclasses.replace(studios.settings, pool_size=POOL)) as made:
        yield made


@pytest.fixture
def bounced(studios: Studios, tmp_path: Path) -> Iterator[Gateway]:
    """Sixteen connections to a PgBouncer that has two, in transaction mode, without prepared statements."""
    with (
        bouncer(studios.settings, tmp_path) as settings,
        second(dataclasses.replace(settings, pool_size=THREADS, db_prepare=False)) as made,
    ):
        yield made


@contextlib.contextmanager
def bouncer(settings: Settings, folder: Path) -> Iterator[Settings]:
    parts = conninfo_to_dict(settings.database_url or "")
    port = free_port()
    (folder / "users.txt").write_text(f'"fitpro_app" "{parts["password"]}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{parts['dbname']} = host={parts['host']} port={parts['port']}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {folder}/users.txt\n"
        f"pool_mode = transaction\ndefault_pool_size = {POOL}\nmax_client_conn = 100\n"
    )
    command = [PGBOUNCER, str(folder / "pgbouncer.ini")]
    if os.geteuid() == 0:  # which PgBouncer refuses; the folders of root are in its way, and of the socket it must connect to
        ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        command = ["setpriv", *ids, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--", *command]
    with process(command, {"PATH": os.environ["PATH"]}, folder / "pgbouncer.log"):
        url = f"postgresql://fitpro_app:{parts['password']}@127.0.0.1:{port}/{parts['dbname']}"
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=2):
                break
            assert time.monotonic() < deadline, (folder / "pgbouncer.log").read_text()
            time.sleep(0.05)
        yield dataclasses.replace(settings, database_url=url)
