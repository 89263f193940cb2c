"""Counting on the table: who has plenty is counted without a lock, and stands exactly as one counted with it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.local.limits import LocalLimiter, Table
from ports.limits import Quota

SMALL, LARGE = Quota("small", 100, 60), Quota("large", 1_000, 60)


class Locked(Table):
    """A table that counts how often it was locked."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def acquire(self) -> bool:
        self.times += 1
        return super().acquire()


def limiter(table: Table, moments: list[float]) -> LocalLimiter:
    return LocalLimiter(table, now=lambda: moments[0])


def test_with_and_without_the_lock_everybody_stands_alike() -> None:
    now, table = [1_000_000.0], Locked()
    free, exact = limiter(table, now), limiter(Table(), now)
    subjects = random.Random(1)
    asked = [((SMALL, subjects.randrange(3)), (LARGE, subjects.randrange(3))) for _ in range(4_000)]
    for each in asked:
        now[0] += subjects.random() * 0.02
        assert free.take(each) == exact._exactly(each, now[0])
    alone = Locked()
    for _ in range(500):
        limiter(alone, now).take(((LARGE, 1),))
    assert alone.times == 1, "the first makes the place; half of a thousand is plenty"


@pytest.mark.parametrize(("quota", "served"), [(SMALL, 100), (LARGE, 1_000)])
def test_the_last_ones_are_counted_one_by_one(quota: Quota, served: int) -> None:
    now, table = [1_000_000.0], Locked()
    standings = [limiter(table, now).take(((quota, 7),))[0] for _ in range(served + 50)]
    assert [standing.allowed for standing in standings] == [True] * served + [False] * 50
    assert [standing.remaining for standing in standings[:served]] == list(range(served - 1, -1, -1))
    assert table.times >= served / 2


def test_what_is_left_from_before_the_clock_was_set_back_does_not_count() -> None:
    now, table = [1_000_000.0], Table()
    limiter(table, now).take(((LARGE, 7),))
    now[0] -= 3_600
    assert limiter(table, now).take(((LARGE, 7),))[0].remaining == LARGE.count - 1


HOLDING = """
import sys, time
from pathlib import Path
from adapters.local.limits import Table
table = Table(Path(sys.argv[1]))
print(table.acquire(), flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize(("holds_s", "exact"), [(0.1, True), (60, False)], ids=["a slow holder is waited for", "a stopped one is not, twice"])
def test_who_holds_the_table_is_waited_for_a_while(holds_s: float, exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.local.limits.table._PATIENCE_S", 2.0)
    path = tmp_path / "limits"
    with subprocess.Popen([sys.executable, "-c", HOLDING, path, str(holds_s)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "True\n"
            table = Table(path)
            table.release(locked := table.acquire())
            assert locked is exact
            began = time.monotonic()
            table.release(table.acquire())
            assert time.monotonic() - began < 1.5, "a second wait would have taken as long as the first"
        finally:
            holder.kill()
