"""`make run` that is told to stop before it is up leaves nothing behind; other commands make no installation where none is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import servers
from tests.loopback import free_port

MOMENTS: dict[str, Callable[[Path], bool]] = {
    "its data folder is being made": lambda home: any(home.glob("postgres.new-*/global")),
    "the database starts": lambda home: (home / "postgres.log").exists(),
    "the tables are being made": lambda home: ready(home),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_it_starts_leaves_no_database_behind(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    home = tmp_path / "home"
    environ = {**os.environ, "FITPRO_HOME": str(home), "FITPRO_PORT": str(free_port()), "PYTHONPATH": str(servers.ROOT)}
    command = subprocess.Popen(
        [sys.executable, "-m", "config.cli", "run"],
        env=environ, cwd=servers.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a shell does for what it runs in the background
    )  # fmt: skip
    try:
        wait_until(lambda: MOMENTS[moment](home))
        command.send_signal(number)
        said, _ = command.communicate(timeout=120)
        assert command.returncode == 128 + number, said
        assert b"Traceback" not in said
        wait_until(lambda: not named(home), 60)
    finally:
        command.kill()
        command.wait()
        for pid in named(home):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("command", ["plugin list", "db status", "outbox list", "audit verify", "data keys", "worker"])
def test_a_command_that_needs_an_installation_makes_none(tmp_path: Path, command: str) -> None:
    environ = {**os.environ, "FITPRO_HOME": str(tmp_path / "home"), "PYTHONPATH": str(servers.ROOT)}
    environ = {name: value for name, value in environ.items() if not name.startswith("DATABASE_")}
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", *command.split()], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"There is no FitPro Hub in {tmp_path / 'home'}: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "home" / "postgres").exists()


def named(home: Path) -> list[int]:
    """Processes whose command line names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in line:
            found.append(int(process.name))
    return found


def ready(home: Path) -> bool:
    """Whether the database says so of itself."""
    try:
        return (home / "postgres" / "postmaster.pid").read_text().split("\n")[7].strip() == "ready"
    except (OSError, IndexError):
        return False


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
