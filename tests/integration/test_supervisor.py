"""One foreground command: started together, stopped in order, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor import port_problem

ROOT = Path(__file__).resolve().parents[2]

# A child that says when it starts and when it stops, and has a child of its own.
CHILD = """
import os, signal, subprocess, sys, time
name, notes, manner = sys.argv[1:]
def note(text):
    with open(notes, "a") as file:
        file.write(text + "\\n")
def stop(*_):
    if manner == "stubborn":
        note(name + " told")
        return
    time.sleep(0.2)
    note(name + " stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
note(f"{name} started {os.getpid()} {grandchild.pid}")
if manner == "dies":
    while open(notes).read().count(" started ") < 2:
        time.sleep(0.01)
    sys.exit(7)
while True:
    time.sleep(1)
"""
COMMAND = """
import sys
from config import supervisor
notes, child, web, worker, infancy, grace = sys.argv[1:]
supervisor.INFANCY_S = float(infancy)
python = [sys.executable, child]
sys.exit(supervisor.Supervisor(
    {"web": [*python, "web", notes, web], "worker": [*python, "worker", notes, worker]}, grace_s=float(grace),
).run())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_children_in_order_and_leaves_none(start: Start, notes: Notes, number: signal.Signals) -> None:
    command = start()
    pids = notes.pids(started=2)
    command.send_signal(number)
    assert command.wait(30) == 0
    assert notes.lines()[2:] == ["web stopped", "worker stopped"]
    assert not alive(pids)


def test_a_child_that_does_not_stop_in_its_grace_is_killed(start: Start, notes: Notes) -> None:
    command = start(web="stubborn", grace_s=1.5)
    pids = notes.pids(started=2)
    command.terminate()
    begin = time.monotonic()
    assert command.wait(30) == 0
    assert time.monotonic() - begin > 1.4
    assert not alive(pids)


def test_a_second_signal_kills_now(start: Start, notes: Notes) -> None:
    command = start(web="stubborn", grace_s=60)
    pids = notes.pids(started=2)
    command.send_signal(signal.SIGINT)
    wait_until(lambda: "web told" in notes.lines())
    command.send_signal(signal.SIGINT)
    command.wait(30)
    assert not alive(pids)


def test_a_child_that_dies_at_once_ends_everything_with_its_code(start: Start, notes: Notes) -> None:
    command = start(worker="dies")
    assert command.wait(30) == 7
    assert not alive(notes.pids(started=2))


def test_a_child_killed_later_is_started_again_and_its_own_children_are_gone(start: Start, notes: Notes) -> None:
    command = start(infancy_s=0)
    leader, grandchild = notes.pids(started=2)[:2]
    os.kill(leader, signal.SIGKILL)
    pids = notes.pids(started=3)
    assert not alive([leader, grandchild])
    command.terminate()
    assert command.wait(30) == 0
    assert not alive(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is dead")
def test_the_children_stop_when_the_supervisor_is_killed(start: Start, notes: Notes) -> None:
    command = start()
    leaders = notes.pids(started=2)[::2]
    command.kill()
    command.wait()
    wait_until(lambda: not alive(leaders))


@pytest.mark.skipif(sys.platform != "linux", reason="how make shows that it was interrupted is Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_make_stops_it_although_make_passes_nothing_on(start: Start, notes: Notes, tmp_path: Path, number: signal.Signals) -> None:
    make = start(through=make_of(tmp_path))
    pids = notes.pids(started=2)
    make.send_signal(number)
    make.wait(30)
    assert notes.lines()[2:] == ["web stopped", "worker stopped"]
    assert not alive(pids)


def test_one_keystroke_that_reaches_make_too_is_one_signal(start: Start, notes: Notes, tmp_path: Path) -> None:
    for turn in range(5):  # whichever of the two notices first
        make = start(through=make_of(tmp_path))
        pids = notes.pids(started=2)
        os.killpg(make.pid, signal.SIGINT)
        make.wait(30)
        assert notes.lines()[2:] == ["web stopped", "worker stopped"], turn
        assert not alive(pids)
        notes.path.unlink()


def make_of(folder: Path) -> list[str]:
    """A make that runs the command as ours does."""
    (folder / "Makefile").write_text("run:\n\t@exec $(COMMAND)\n")
    return ["make", "-f", str(folder / "Makefile")]


def test_a_taken_port_is_told_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        problem = port_problem("127.0.0.1", port)
    assert problem is not None
    assert problem.startswith(f"Port {port} on 127.0.0.1 is not free")
    assert "FITPRO_PORT" in problem
    assert port_problem("127.0.0.1", port) is None


def test_an_address_of_another_machine_is_told_in_one_sentence() -> None:
    assert "FITPRO" in (port_problem("192.0.2.1", 8000) or "")
    assert "FITPRO_HOST" in (port_problem("no.such.host.invalid", 8000) or "")


def alive(pids: list[int]) -> list[int]:
    """Those that live; a moment is allowed for the kernel to take the killed ones away."""
    deadline = time.monotonic() + 10
    while left := [pid for pid in pids if _state(pid) not in ("", "Z")]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


def _state(pid: int) -> str:
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout[:1]


def wait_until(holds: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Notes:
    """What the children wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def pids(self, *, started: int) -> list[int]:
        """Leader, grandchild, leader, grandchild, ... in the order of their names, once that many have started."""
        wait_until(lambda: len(self._starts()) == started)
        return [int(pid) for line in sorted(self._starts(), key=lambda line: line.split()[0]) for pid in line.split()[2:]]

    def _starts(self) -> list[str]:
        return [line for line in self.lines() if " started " in line]


def listening() -> None:
    """As from a terminal: a suite that was started in the background, or to outlive its terminal, hands down signals that are ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Start:
    """Starts the command in a session of its own, as a terminal would."""

    def __init__(self, folder: Path, notes: Notes) -> None:
        self.notes = notes
        self.child = folder / "child.py"
        self.child.write_text(CHILD)
        self.started: list[subprocess.Popen[bytes]] = []

    def __call__(
        self, *, web: str = "polite", worker: str = "polite", infancy_s: float = 10, grace_s: float = 20, through: list[str] | None = None
    ) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-c", COMMAND, str(self.notes.path), str(self.child), web, worker, str(infancy_s), str(grace_s)]
        environ = dict(os.environ)
        if through:
            script = self.child.with_name("command.sh")
            script.write_text("exec " + " ".join(f"'{word}'" for word in argv) + "\n")
            environ["COMMAND"] = f"sh {script}"
        self.started.append(
            subprocess.Popen(through or argv, cwd=None if through else ROOT, env=environ, start_new_session=True, preexec_fn=listening)
        )
        return self.started[-1]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


@pytest.fixture
def start(tmp_path: Path, notes: Notes) -> Iterator[Start]:
    start = Start(tmp_path, notes)
    yield start
    for command in start.started:
        if command.poll() is None:
            command.terminate()
            command.wait(30)
