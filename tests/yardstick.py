"""How fast this machine is just now, so that a budget of time means the same work on every machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

_REFERENCE_S = 0.0044
"""CPU seconds of the fixed work on the machine that the budgets of the tests were written for."""
_TEXT = json.dumps([{"name": f"Ana {n}", "amount": n * 1.5, "tags": ["a", "b"]} for n in range(4000)])


def cpu_s(call: Callable[[], object], rounds: int = 3) -> float:
    """CPU seconds of the fastest round: the machine may be busy, the work is what counts."""
    took = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        took.append(time.process_time() - began)
    return min(took)


def budget_s(seconds: float) -> float:
    """What a budget of the reference machine is here and now: never less, and as much more as fixed work takes longer."""
    return seconds * max(1.0, cpu_s(_work) / _REFERENCE_S)


def _work() -> int:
    """Half of it in C, half in the interpreter, as most of what is timed."""
    rows = json.loads(_TEXT)
    return sum(len(row["name"]) + len(row["tags"]) for row in rows for _ in range(3))
