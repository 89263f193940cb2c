"""Whether a server of a data folder lives, believing neither its pid file nor a reused process id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PORT: Final = 5432  # only names the socket's file: nothing listens on the network
PROC: Final = Path("/proc")
SOCKET: Final = f".s.PGSQL.{PORT}"


@dataclass(frozen=True, slots=True)
class Server:
    """A live server.

    pid: None when it runs where we cannot see it (another container).
    status: starting, ready or stopping.
    """

    pid: int | None
    sockets: Path
    status: str


def look(data: Path, sockets: Path) -> Server | None:
    """The server of `data`, None if it is down, whatever its pid file says."""
    try:
        lines = (data / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    # pid, data, start time, port, socket folder, listen address, shared memory, status
    noted = [line.strip() for line in lines] + [""] * (8 - len(lines))
    sockets = Path(noted[4]) if noted[4] else sockets
    pid = int(noted[0]) if noted[0].isascii() and noted[0].isdigit() else None
    seen = pid is not None and runs(pid, data)
    if not seen and not _stays(sockets / SOCKET):
        return None
    return Server(pid if seen else None, sockets, noted[7] or "starting")


def forget(data: Path, sockets: Path) -> None:
    """Remove what a dead server left.

    Safe even while its last backends live: PostgreSQL does not start as long as they hold the data's shared memory.
    """
    for rest in (data / "postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
        rest.unlink(missing_ok=True)


def runs(pid: int, data: Path) -> bool:
    """Whether `pid` is a live postmaster of this very folder: not a zombie, not a stranger with a reused number."""
    if PROC.exists():
        try:
            argv = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")  # empty for a zombie
        except (FileNotFoundError, ProcessLookupError):
            return False
        return Path(os.fsdecode(argv[0])).name == "postgres" and os.fsencode(data) in argv
    shown = subprocess.run(["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not shown.startswith("Z") and "postgres" in shown and str(data) in shown


def _stays(path: Path) -> bool:
    """Whether somebody keeps listening: a killed server's socket answers a little longer than the server lives."""
    deadline = time.monotonic() + 1
    while listening := _accepts(path):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return listening


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
