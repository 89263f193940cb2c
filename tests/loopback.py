"""Ports of the loopback for servers of the tests."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket
from collections.abc import Iterator


def free_port() -> int:
    """Nobody else gets it before a server of ours listens there, seconds later."""
    for port in _PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            break
    return port


def _ports() -> Iterator[int]:
    """Each of eight processes of a test run has its own, below those that the kernel gives to whoever asks for any."""
    worker = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or 0)
    first, start = 12_000 + worker % 8 * 2_000, random.randrange(2_000)
    return (first + (start + n) % 2_000 for n in itertools.count())


_PORTS = _ports()
