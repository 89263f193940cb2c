"""Whose requests get a thread."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.http.places import Visit
from adapters.http.turns import Turns
from kernel.errors import RateLimited

A, B = 1, 2


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def begin(turns: Turns, workspace: int) -> Visit:
    """A request that was let in. Raises RateLimited."""
    visit = turns.enter()
    try:
        turns.take(workspace, visit)
    except RateLimited:
        turns.leave(visit)
        raise
    return visit


class Process:
    """Two threads, of which `flood` keeps as many as it may at A's work for a while."""

    def __init__(self, threads: int = 2, at_once: int = 9) -> None:
        self.clock = Clock()
        self.turns = Turns(at_once, threads, 0.5, at_work=1, clock=self.clock)
        self.threads = threads

    def flood(self, seconds: float, *, beside: Callable[[], None] = lambda: None) -> int:
        """How many of A's requests, as many as there are threads in 50 ms, were refused."""
        refused = 0
        for _ in range(int(seconds * 20)):
            running = []
            for _ in range(self.threads):
                try:
                    running.append(begin(self.turns, A))
                except RateLimited:
                    refused += 1
                self.clock.now += 0.05 / self.threads
            for each in running:
                self.turns.leave(each)
            beside()
        return refused

    def b(self) -> None:
        self.turns.leave(begin(self.turns, B))


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a place: a clock that stands still would have them wait for ever."""
    monkeypatch.setattr("adapters.http.places._QUICK_S", 0.0)


@pytest.fixture
def process() -> Process:
    return Process()


def test_alone_a_workspace_may_use_every_thread(process: Process) -> None:
    assert process.flood(10) == 0


def test_once_it_had_more_than_its_share_the_last_thread_is_left_to_others(process: Process) -> None:
    process.b()
    assert process.flood(0.4, beside=process.b) == 0
    refused = process.flood(10, beside=process.b)
    assert 180 <= refused <= 200
    begin(process.turns, A)  # the first thread it still gets
    process.clock.now += 0.01
    with pytest.raises(RateLimited) as told:
        begin(process.turns, A)
    assert (told.value.code, told.value.retry_after_s) == ("workspace_busy", 1)
    process.b()


def test_the_second_it_is_told_to_wait_is_enough(process: Process) -> None:
    process.flood(10, beside=process.b)
    process.clock.now += 1
    process.b()
    taken = [begin(process.turns, A) for _ in range(2)]
    for each in taken:
        process.turns.leave(each)


def test_who_fell_silent_is_not_waited_for(process: Process) -> None:
    process.flood(2, beside=process.b)
    process.flood(1)
    assert process.flood(5) == 0


def test_half_of_the_threads_time_is_nobodys_too_much(process: Process) -> None:
    for _ in range(1000):
        first = begin(process.turns, A)
        process.clock.now += 0.01
        second = begin(process.turns, A)
        process.turns.leave(first)
        process.clock.now += 0.01
        process.turns.leave(second)
        process.b()


def test_one_slow_request_is_forgiven_at_once_and_of_long_ones_little_is_held_against_anybody(process: Process) -> None:
    slow = begin(process.turns, A)
    process.clock.now += 300
    process.turns.leave(slow)
    process.b()
    process.clock.now += 0.6
    for _ in range(2):
        begin(process.turns, A)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_everybody_gets_a_thread_at_some_time(threads: int) -> None:
    process = Process(threads)
    process.flood(5, beside=process.b)
    process.clock.now += 1
    process.turns.leave(begin(process.turns, A))


def test_whoever_may_have_all_of_it_may_have_it_always() -> None:
    process = Process()
    process.turns = Turns(9, 2, 1.0, clock=process.clock)
    assert process.flood(10, beside=process.b) == 0


def test_no_more_of_one_workspace_run_than_may_at_once() -> None:
    turns = Turns(2, 8, 0.5)
    first = [begin(turns, A) for _ in range(2)]
    with pytest.raises(RateLimited):
        begin(turns, A)
    begin(turns, B)
    turns.leave(first[0])
    begin(turns, A)


def test_a_workspace_that_runs_nothing_is_forgotten_after_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.turns._KNOWN", 3)
    turns = Turns(2, 2, 0.5)
    for workspace in range(10):
        turns.leave(begin(turns, workspace))
    assert len(turns._of) == 3


def test_who_waits_keeps_a_thread_busy(process: Process) -> None:
    """A workspace whose quick requests take every thread, one at work and one that waits, is beyond its share like one with two slow ones."""
    process.b()
    process.flood(2, beside=process.b)
    working, waiting = process.turns.enter(), process.turns.enter()
    with pytest.raises(RateLimited):
        process.turns.take(A, working)
    process.turns.leave(waiting)
    process.turns.take(A, working)


def test_who_is_refused_does_not_go_on_before_others(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr(process.turns._places, "leave", lambda _visit, *, goes_on: told.append(goes_on))
    process.turns.leave(process.turns.enter())
    process.turns.leave(begin(process.turns, A))
    assert told == [False, True]
