"""Several programs as one foreground command: started together, stopped in order, none left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INFANCY_S: Final = 10.0  # whoever dies younger would only die again
PR_SET_PDEATHSIG: Final = 1
_KEYSTROKE_S: Final = 1.0  # one Ctrl-C comes to make and to us
# Resolved before any fork: between fork and exec nothing may be imported or allocated.
LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None

log = structlog.get_logger(__name__)


def die_with(parent: int) -> None:
    """This process gets SIGTERM when its parent, known by its id, is gone (Linux). In a child, before anything else."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)


def port_problem(host: str, port: int) -> str | None:
    """Why a server cannot listen there, None if it can.

    Our web server would not notice: it shares ports, so it would start silently beside the other one.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return f"{host} is not an address of this machine: set FITPRO_HOST."
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a closing connection is no user
        try:
            probe.bind(address)
            probe.listen(1)
        except PermissionError:
            return f"Port {port} is for administrators only: set FITPRO_PORT to 1024 or more."
        except OSError as error:
            return f"Port {port} on {host} is not free ({error.strerror}): stop what uses it, or set FITPRO_PORT."
    return None


@contextlib.contextmanager
def unwound() -> Iterator[None]:
    """The first SIGINT, SIGTERM or SIGHUP ends the block from inside, so that it cleans up: SystemExit, silent, with 128 and the number.

    Later ones are not heard: what cleans up is not to be torn. Heard even where a shell had us ignore them. Only in the main thread.
    """
    told = False

    def end(number: int, _frame: object) -> None:
        nonlocal told
        if not told:
            told = True
            raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Supervisor:
    """Runs the named commands until SIGINT, SIGTERM or SIGHUP.

    Each has a session of its own, so that a terminal's Ctrl-C reaches only us. On a signal they are stopped in the
    order of `commands`, each having grace_s to finish; a second signal kills them all.
    One that dies is started again; one that dies within 10 s of its start ends everything with its exit code.
    When we are killed they get SIGTERM (Linux).
    tend: called about once a second, to look after something else that must stay up; what it raises is logged.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        grace_s: float = 12.0,
        environ: Mapping[str, str] | None = None,
        tend: Callable[[], None] | None = None,
    ) -> None:
        self._commands = commands
        self._grace_s = grace_s
        self._environ = environ
        self._tend = tend
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._born: dict[str, float] = {}
        self._asked = 0
        self._told_by_make_at = -_KEYSTROKE_S

    def run(self) -> int:
        """Block until the end; the exit code to leave with. Only from the main thread: it handles signals."""
        make_heard = _make_hears()
        with self._signals() as wakeup:
            code = 0
            try:
                for name in self._commands:
                    self._start(name)
                while not self._asked and not code:
                    select.select([wakeup], [], [], 1.0)
                    with contextlib.suppress(BlockingIOError):
                        wakeup.recv(4096)
                    if not self._asked and make_heard & ~_make_hears():
                        self._asked, self._told_by_make_at = 1, time.monotonic()
                    code = self._replace_the_dead()
                    if self._tend and not self._asked and not code:
                        self._look_after(self._tend)
            finally:
                self._stop()
        return code

    def _start(self, name: str) -> None:
        me = os.getpid()
        self._born[name] = time.monotonic()
        self._children[name] = subprocess.Popen(
            list(self._commands[name]),
            stdin=subprocess.DEVNULL,
            env=None if self._environ is None else dict(self._environ),
            start_new_session=True,
            preexec_fn=lambda: die_with(me),  # safe after fork: this process has one thread
        )

    def _replace_the_dead(self) -> int:
        for name, child in list(self._children.items()):
            status = child.poll()
            if status is None:
                continue
            _signal_session(child.pid, signal.SIGKILL)  # its own children must not go on without it
            code = status if status > 0 else 128 - status if status else 1
            age = time.monotonic() - self._born[name]
            log.error("child ended", child=name, status=status, age_s=round(age, 1), again=age >= INFANCY_S)
            if age < INFANCY_S:
                return code
            self._start(name)
        return 0

    def _look_after(self, tend: Callable[[], None]) -> None:
        try:
            tend()
        except Exception:  # whatever it is, the children go on
            log.exception("looking after failed")

    def _stop(self) -> None:
        for name in self._commands:
            if (child := self._children.get(name)) is None or child.poll() is not None:
                continue
            child.terminate()
            deadline = time.monotonic() + self._grace_s
            while child.poll() is None and time.monotonic() < deadline and self._asked < 2:
                time.sleep(0.02)
        for child in self._children.values():
            _signal_session(child.pid, signal.SIGKILL)
            child.wait()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Count the signals that ask us to stop, and wake the loop for them and for every child's death."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)

        def asked(number: int, _frame: object) -> None:
            if number in SIGNALS and time.monotonic() - self._told_by_make_at > _KEYSTROKE_S:
                self._asked += 1

        before = {number: signal.signal(number, asked) for number in (*SIGNALS, signal.SIGCHLD)}
        old = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
            reader.close()
            writer.close()


def _make_hears() -> int:
    """Which of SIGINT and SIGHUP a make that is our parent would still notice, as bits; 0 without such a parent.

    One that got such a signal of its own (the terminal's Ctrl-C reaches us too, its end may reach make alone) stops listening and waits
    for us without a word.
    """
    parent = Path("/proc") / str(os.getppid())
    try:
        status = (parent / "status").read_text()
    except OSError:
        return 0
    caught = re.search(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
    if caught is None or not re.match(r"Name:\s*g?make$", status, re.MULTILINE):
        return 0
    return int(caught[1], 16) & (1 << (signal.SIGINT - 1) | 1 << (signal.SIGHUP - 1))


def _signal_session(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
