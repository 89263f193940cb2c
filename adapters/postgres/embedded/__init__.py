"""PostgreSQL with nothing installed: a real server under one folder, shared by every process that needs it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded.cluster import check_version, make, reason
from adapters.postgres.embedded.errors import EmbeddedError
from adapters.postgres.embedded.observe import PORT, Server, forget, look, runs
from adapters.postgres.embedded.system import Account, binaries, socket_folder
from adapters.postgres.embedded.tuning import BASE, FAST

__all__ = ["Embedded", "EmbeddedError"]

Mode = Literal["smart", "fast", "immediate"]

SIGNALS: Final[Mapping[Mode, signal.Signals]] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
START_S: Final = 60.0
STOP_S: Final = 30.0
LOG_LIMIT: Final = 8 * 1024 * 1024


class Embedded:
    """A context manager that keeps the server of `home` running while anybody is inside.

    Processes share one server; the last one to leave stops it, and a killed one counts as gone.
    password: gives a database role's password; only `postgres` is asked for here, when the data folder is made.
    fast: for tests. Nothing is durable, and the server dies with the process that started it, even by kill -9 (Linux).
    settings: PostgreSQL settings on top of `BASE`.
    Every failure is an EmbeddedError of one sentence.
    """

    def __init__(
        self,
        home: str | os.PathLike[str],
        *,
        password: Callable[[str], str],
        fast: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = Path(home).absolute()
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self._password = password
        self._fast = fast
        self._settings = {**BASE, **(FAST if fast else {}), **(settings or {})}
        self._sockets = socket_folder(self.home)
        self._users: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._users is not None:
            raise EmbeddedError(f"This handle of {self.home} is in use already: make another one.")
        with _sentences(self.home):
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
            with self._gate():
                self._users = self._open("postgres.users")
                fcntl.flock(self._users, fcntl.LOCK_SH)  # the reference count: the kernel drops it with the process
                try:
                    self._run()
                except BaseException:
                    self._leave()
                    raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with _sentences(self.home), self._gate():
            self._leave()

    def dsn(self, role: str = "postgres", database: str = "postgres") -> str:
        """The libpq connection string of a role; nothing in it depends on PG* variables of the environment.

        Also from outside the block, for the children of a process that keeps the server up.
        """
        if self._users is None and (server := look(self.data, self._sockets)):
            self._sockets = server.sockets
        return make_conninfo(host=str(self._sockets), port=PORT, user=role, password=self._password(role), dbname=database)

    @property
    def pid(self) -> int | None:
        """The server's process id, None while it is down."""
        server = look(self.data, self._sockets)
        return server.pid if server else None

    def ensure(self) -> None:
        """Start the server again if it has died; cheap (0.1 ms) when it has not."""
        if (server := look(self.data, self._sockets)) is None or server.status != "ready":
            with _sentences(self.home), self._gate():
                self._run()

    def stop(self, mode: Mode = "fast") -> None:
        """Stop the server whoever else uses it; nothing happens when it is down."""
        with _sentences(self.home), self._gate():
            self._stop(mode)

    def restart(self, mode: Mode = "fast") -> None:
        """Stop it under everybody and start it again; `immediate` is a crash with recovery."""
        with _sentences(self.home), self._gate():
            self._stop(mode)
            self._run()

    # Everything below is called inside the gate.

    def _run(self) -> None:
        account = Account.of(self.data)
        if not (self.data / "PG_VERSION").exists():
            make(self.home, self.data, account, self._password("postgres"), durable=not self._fast)
        check_version(self.data)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            server = look(self.data, self._sockets)
            if server is None:
                forget(self.data, self._sockets)
                self._sockets = socket_folder(self.home)
                account.private(self._sockets)
                server = self._start(account, deadline)
            if server is not None and server.status == "ready":
                self._sockets = server.sockets
                return
            time.sleep(0.05)
        raise EmbeddedError(f"PostgreSQL was not ready after {START_S:.0f} s; its log is {self.log}.")

    def _start(self, account: Account, deadline: float) -> Server | None:
        """The server once it is ready; None if a killed one's last backends still hold the data: try again."""
        settings = {**self._settings, "unix_socket_directories": str(self._sockets)}
        argv = [str(binaries() / "postgres"), "-D", str(self.data)]
        argv += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._process = None
        try:
            with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log, _undisturbed():
                begin = os.fstat(log.fileno()).st_size
                self._process = subprocess.Popen(
                    account.argv(argv, self.home, dies="INT" if self._fast else None),
                    stdin=subprocess.DEVNULL,
                    stdout=log,  # a file, never a pipe: the server outlives us
                    stderr=log,
                    cwd="/",
                    env=account.environ(),
                    start_new_session=True,
                )
            return self._wait(self._process, begin, deadline)
        except BaseException:  # a signal among them: before it has written its pid, nobody else could find it
            if self._process is not None:
                self._process.send_signal(SIGNALS["fast"])
            raise

    def _wait(self, process: subprocess.Popen[bytes], begin: int, deadline: float) -> Server | None:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                with self.log.open("rb") as text:
                    text.seek(begin)
                    said = text.read()
                if b"pre-existing shared memory block" in said:
                    return None
                raise EmbeddedError(f"PostgreSQL did not start: {reason(said)} Its log is {self.log}.")
            if (server := look(self.data, self._sockets)) and server.status == "ready":
                return server
            time.sleep(0.01)
        return None

    def _stop(self, mode: Mode) -> None:
        server = look(self.data, self._sockets)
        if server is None:
            return
        if server.pid is None:
            raise EmbeddedError(f"The PostgreSQL of {self.home} runs in another container: stop it there.")
        for number, patience in ((SIGNALS[mode], STOP_S), (signal.SIGQUIT, STOP_S / 3)):
            deadline = time.monotonic() + patience
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, number)
            while time.monotonic() < deadline:
                if self._process is not None:
                    self._process.poll()  # or our own child stays a zombie
                if not runs(server.pid, self.data):
                    return
                time.sleep(0.01)
        raise EmbeddedError(f"PostgreSQL (process {server.pid}) does not stop; its log is {self.log}.")

    def _leave(self) -> None:
        users, self._users = self._users, None
        if users is None:
            return
        try:
            if not self._fast:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stop("fast")
        except BlockingIOError:
            return  # somebody else still works with it
        finally:
            os.close(users)

    @contextlib.contextmanager
    def _gate(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        gate = self._open("postgres.gate")
        try:
            deadline = time.monotonic() + START_S + STOP_S
            while True:
                try:
                    fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise EmbeddedError(f"Another process keeps starting or stopping PostgreSQL in {self.home}.") from None
                    time.sleep(0.01)
            yield
        finally:
            os.close(gate)

    def _open(self, name: str) -> int:
        return os.open(self.home / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A signal that ends us waits, so that no process is made that nobody knows of. The server itself begins with none blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _sentences(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedError(f"{error.filename or home}: {error.strerror or error}.") from error
