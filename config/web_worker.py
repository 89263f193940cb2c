"""A web server's worker process before it serves: what granian leaves to us."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from typing import Final

GRANIAN: Final = "granian-worker"  # the name granian gives these processes
_PR_SET_PDEATHSIG: Final = 1


def settle() -> None:
    """Let a signal end this process while it still loads, and its parent's death stop it at any time (Linux).

    A fork starts with granian's own handlers, under which a SIGTERM during the load is noted and lost: the worker would go on to serve
    until it is killed for it. Nothing happens in any other process, as one that imports the application for its own ends.
    """
    if multiprocessing.current_process().name != GRANIAN:
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if sys.platform == "linux" and parent is not None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent.pid:  # it died before the line above
            sys.exit(1)
