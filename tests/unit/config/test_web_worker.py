"""A worker of the web server that is stopped, or left alone, before it serves."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from config.web_worker import GRANIAN, settle

FORK = multiprocessing.get_context("fork")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_application_loads_ends_the_worker(deaf: None, number: signal.Signals) -> None:
    assert exit_code(GRANIAN, number) == -number


def test_any_other_process_keeps_its_handlers(deaf: None) -> None:
    assert exit_code("preloading-master", signal.SIGTERM) == 0


def test_a_worker_ends_with_its_parent() -> None:
    told, tell = FORK.Pipe(duplex=False)
    parent = FORK.Process(target=raise_a_worker, args=(tell,))
    parent.start()
    worker = told.recv()
    os.kill(parent.pid or 0, signal.SIGKILL)
    parent.join()
    deadline = time.monotonic() + 5
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(worker)


def exit_code(name: str, number: signal.Signals) -> int | None:
    told, tell = FORK.Pipe(duplex=False)
    worker = FORK.Process(name=name, target=load, args=(tell,))
    worker.start()
    told.recv()
    os.kill(worker.pid or 0, number)
    worker.join(30)
    return worker.exitcode


def load(tell: Connection) -> None:
    settle()
    tell.send(os.getpid())
    time.sleep(2)  # a signal handler that returns lets it sleep on


def raise_a_worker(tell: Connection) -> None:
    worker = FORK.Process(name=GRANIAN, target=wait_long, args=(tell,))
    worker.start()
    worker.join()


def wait_long(tell: Connection) -> None:
    settle()
    tell.send(os.getpid())
    time.sleep(30)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def deaf() -> Iterator[None]:
    """Handlers that note a signal and do nothing, as granian's main process has them when it forks."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
