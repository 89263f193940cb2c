"""Starts worker processes in 30 ms instead of 2 s: everything is imported once, each worker is a fork. Told what to do on stdin, one JSON a line."""

from __future__ import annotations

import json
import os
import sys

from config.supervisor import die_with
from tests.integration.worker import probe


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        answer = os.waitpid(order["wait"], 0)[1] if "wait" in order else _start(order["log"], order["queues"], order["environ"])
        print(answer, flush=True)


def _start(log: str, queues: list[str], environ: dict[str, str]) -> int:
    me = os.getpid()
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        die_with(me)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(environ)
        code = probe.main(queues)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
