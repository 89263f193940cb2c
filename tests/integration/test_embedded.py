"""The embedded server: shared by processes, and proof against what they and their machines do to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.embedded import Embedded, EmbeddedError
from adapters.postgres.embedded.observe import runs

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys
from adapters.postgres.embedded import Embedded, EmbeddedError
try:
    with Embedded(sys.argv[1], password=lambda role: "secret of " + role, fast=sys.argv[2] == "fast") as server:
        print(server.pid, flush=True)
        sys.stdin.read()
except EmbeddedError as error:
    sys.exit(str(error))
"""


def password(role: str) -> str:
    return f"secret of {role}"


def ask(server: Embedded, query: str = "select 1") -> object:
    with psycopg.connect(server.dsn(), connect_timeout=5) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def test_three_starters_at_once_share_one_server_and_the_last_one_stops_it(home: Path, hold: Callable[..., subprocess.Popen[str]]) -> None:
    starters = [hold(home) for _ in range(3)]
    pids = {said(starter) for starter in starters}
    assert len(pids) == 1
    pid = pids.pop()
    for starter in starters[:2]:
        end(starter)
        assert runs(pid, home / "postgres")
    end(starters[2])
    assert not runs(pid, home / "postgres")


def test_the_second_start_keeps_the_data_and_is_fast(home: Path) -> None:
    with Embedded(home, password=password) as server, psycopg.connect(server.dsn()) as connection:
        connection.execute("create table kept as select 42 as answer")
    took = []
    for _ in range(3):
        begin = time.monotonic()
        with Embedded(home, password=password) as server:
            took.append(time.monotonic() - begin)
            assert ask(server, "select answer from kept") == 42
    assert min(took) < 2


def test_a_killed_holder_counts_as_gone(home: Path, hold: Callable[..., subprocess.Popen[str]]) -> None:
    holder = hold(home)
    pid = said(holder)
    holder.kill()
    holder.wait()
    assert runs(pid, home / "postgres"), "others may be using it: it must outlive its starter"
    with Embedded(home, password=password) as server:
        assert server.pid == pid
    assert not runs(pid, home / "postgres")


@pytest.mark.parametrize("mode", ["shared", "fast"])
def test_a_killed_server_is_started_again_with_what_was_committed(home: Path, mode: str) -> None:
    with Embedded(home, password=password, fast=mode == "fast") as server:
        with psycopg.connect(server.dsn()) as connection:
            connection.execute("create table kept as select 42 as answer")
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: server.pid is None)
        server.ensure()
        assert server.pid not in (None, first)
        assert ask(server, "select answer from kept") == 42


def test_ensure_leaves_a_live_server_alone(cluster: Embedded) -> None:
    before = cluster.pid
    cluster.ensure()
    assert cluster.pid == before


def test_a_killed_test_run_leaves_no_fast_server(home: Path, hold: Callable[..., subprocess.Popen[str]]) -> None:
    holder = hold(home, "fast")
    pid = said(holder)
    holder.kill()
    holder.wait()
    wait_until(lambda: not runs(pid, home / "postgres"))


@pytest.mark.parametrize("content", ["", "{own}", "1", "999999999", "{zombie}", "not a number\n\n\n"])
def test_a_pid_file_is_not_believed(used: Path, content: str) -> None:
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)  # dead, but nobody has reaped it
    (used / "postgres" / "postmaster.pid").write_text(content.format(own=os.getpid(), zombie=zombie.pid))
    (used / "run" / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with Embedded(used, password=password, fast=True) as server:
        assert ask(server) == 1
    zombie.wait()


def test_another_folders_server_is_not_taken_for_ours(used: Path, cluster: Embedded) -> None:
    (used / "postgres" / "postmaster.pid").write_text(f"{cluster.pid}\n{used / 'postgres'}\n")
    with Embedded(used, password=password, fast=True) as server:
        assert server.pid != cluster.pid
    assert ask(cluster) == 1


def test_a_starter_killed_at_any_moment_leaves_nothing_in_the_way(home: Path, hold: Callable[..., subprocess.Popen[str]]) -> None:
    for moment_s in (0.2, 0.35, 0.5, 0.65, 0.8):
        starter = hold(home)
        time.sleep(moment_s)
        starter.kill()
        starter.wait()
    with Embedded(home, password=password) as server:
        assert ask(server) == 1


def test_what_a_killed_initdb_left_is_no_data_folder(home: Path) -> None:
    half = home / "postgres.new-killed"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with Embedded(home, password=password, fast=True) as server:
        assert ask(server) == 1
    assert not list(home.glob("postgres.new-*"))


def test_a_path_too_long_for_a_socket_works(home: Path) -> None:
    deep = home / ("a-deep-checkout-path/" * 8)
    with Embedded(deep, password=password, fast=True) as server:
        assert ask(server) == 1
        host = Path(str(conninfo_to_dict(server.dsn())["host"]))
        assert host.stat().st_mode & 0o777 == 0o700
        assert len(os.fsencode(host / ".s.PGSQL.5432")) <= 107
        assert ask(Embedded(deep, password=password)) == 1, "a child that only asks for the connection string"
    shutil.rmtree(host)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter a folder that is closed to the server's account")
def test_root_can_keep_the_data_in_a_folder_closed_to_others(home: Path) -> None:
    home.mkdir()
    home.chmod(0o700)
    with Embedded(home / "inner", password=password, fast=True) as server:
        assert ask(server) == 1
        assert server.pid is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_nothing_but_the_password_opens_it(cluster: Embedded) -> None:
    wrong = make_conninfo(cluster.dsn(), password="another")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_the_environment_does_not_change_where_it_listens(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with Embedded(used, password=password, fast=True) as server:
        assert ask(server, "show port") == "5432"
        assert ask(server, "show listen_addresses") == ""


def test_the_log_holds_no_refused_values(cluster: Embedded) -> None:
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute("create table people (mail text primary key)")
        connection.execute("insert into people values ('ana@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into people values ('ana@example.org')")
    log = cluster.log.read_text()
    assert "duplicate key" in log
    assert "ana@example.org" not in log


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_brings_a_new_process(cluster: Embedded, mode: str) -> None:
    before = cluster.pid
    cluster.restart("fast" if mode == "fast" else "immediate")
    assert cluster.pid not in (None, before)
    assert ask(cluster) == 1


def test_an_older_data_folder_is_refused_in_one_sentence(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 16, but this release brings 18: .*FITPRO_HOME"):
        Embedded(home, password=password).__enter__()


def test_a_setting_that_does_not_exist_is_named_and_nothing_stays(used: Path) -> None:
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "no_such_thing"'):
        Embedded(used, password=password, settings={"no_such_thing": "1"}).__enter__()
    with Embedded(used, password=password, fast=True) as server:
        assert ask(server) == 1


def test_a_home_that_is_a_file_is_refused_in_one_sentence(home: Path) -> None:
    home.write_text("")
    with pytest.raises(EmbeddedError, match=str(home)):
        Embedded(home, password=password).__enter__()


def test_a_socket_folder_of_somebody_else_is_refused(home: Path) -> None:
    home.mkdir()
    (home / "run").symlink_to(home)
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        Embedded(home, password=password, fast=True).__enter__()


def wait_until(holds: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def said(holder: subprocess.Popen[str]) -> int:
    assert holder.stdout is not None
    line = holder.stdout.readline()
    assert line, holder.communicate()[1]
    return int(line)


def end(holder: subprocess.Popen[str]) -> None:
    _, errors = holder.communicate(timeout=30)
    assert holder.returncode == 0, errors


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder to be, where the server's account can reach it."""
    with tempfile.TemporaryDirectory(prefix="fitpro-test-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder) / "home"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Embedded]:
    """One server for the tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="fitpro-test-") as folder:
        Path(folder).chmod(0o711)
        with Embedded(folder, password=password, fast=True) as server:
            yield server


@pytest.fixture(scope="module")
def used() -> Iterator[Path]:
    """A home whose server has run and stopped before."""
    with tempfile.TemporaryDirectory(prefix="fitpro-test-") as folder:
        Path(folder).chmod(0o711)
        with Embedded(folder, password=password, fast=True):
            pass
        yield Path(folder)


@pytest.fixture
def hold(home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Processes that hold the server until their input ends."""
    started: list[subprocess.Popen[str]] = []

    def start(where: Path, mode: str = "shared") -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        argv = [sys.executable, "-c", HOLDER, str(where), mode]
        started.append(subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT))
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    with contextlib.suppress(EmbeddedError):
        Embedded(home, password=password).stop()
