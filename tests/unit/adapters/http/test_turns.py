"""Whose requests get a thread."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.http.turns import Turns
from kernel.errors import RateLimited

A, B = 1, 2


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Process:
    """Two threads, of which `flood` keeps as many as it may at A's work for a while."""

    def __init__(self, threads: int = 2, at_once: int = 9) -> None:
        self.clock = Clock()
        self.turns = Turns(at_once, threads, 0.5, clock=self.clock)
        self.threads = threads

    def flood(self, seconds: float, *, beside: Callable[[], None] = lambda: None) -> int:
        """How many of A's requests of 10 ms were refused."""
        refused = 0
        for _ in range(int(seconds * 100)):
            running = []
            for _ in range(self.threads):
                try:
                    running.append(self.turns.take(A))
                except RateLimited:
                    refused += 1
            self.clock.now += 0.01
            for each in running:
                self.turns.give_back(each)
            beside()
        return refused

    def b(self) -> None:
        self.turns.give_back(self.turns.take(B))


@pytest.fixture
def process() -> Process:
    return Process()


def test_alone_a_workspace_may_use_every_thread(process: Process) -> None:
    assert process.flood(10) == 0


def test_once_it_had_more_than_its_share_the_last_thread_is_left_to_others(process: Process) -> None:
    process.b()
    assert process.flood(0.4, beside=process.b) == 0
    refused = process.flood(10, beside=process.b)
    assert 900 <= refused <= 1000
    process.turns.take(A)  # the first thread it still gets
    with pytest.raises(RateLimited) as told:
        process.turns.take(A)
    assert (told.value.code, told.value.retry_after_s) == ("workspace_busy", 1)
    process.b()


def test_the_second_it_is_told_to_wait_is_enough(process: Process) -> None:
    process.flood(10, beside=process.b)
    process.clock.now += 1
    process.b()
    taken = [process.turns.take(A) for _ in range(2)]
    for each in taken:
        process.turns.give_back(each)


def test_who_fell_silent_is_not_waited_for(process: Process) -> None:
    process.flood(2, beside=process.b)
    process.flood(1)
    assert process.flood(5) == 0


def test_half_of_the_threads_time_is_nobodys_too_much(process: Process) -> None:
    for _ in range(1000):
        pair = [process.turns.take(A) for _ in range(2)]
        process.clock.now += 0.005
        for each in pair:
            process.turns.give_back(each)
        process.clock.now += 0.005
        process.b()


def test_one_slow_request_is_forgiven_at_once_and_of_long_ones_little_is_held_against_anybody(process: Process) -> None:
    slow = process.turns.take(A)
    process.clock.now += 300
    process.turns.give_back(slow)
    process.b()
    process.clock.now += 0.6
    for _ in range(2):
        process.turns.take(A)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_everybody_gets_a_thread_at_some_time(threads: int) -> None:
    process = Process(threads)
    process.flood(5, beside=process.b)
    process.clock.now += 1
    process.turns.give_back(process.turns.take(A))


def test_whoever_may_have_all_of_it_may_have_it_always() -> None:
    process = Process()
    process.turns = Turns(9, 2, 1.0, clock=process.clock)
    assert process.flood(10, beside=process.b) == 0


def test_no_more_of_one_workspace_run_than_may_at_once() -> None:
    turns = Turns(2, 8, 0.5)
    first = [turns.take(A) for _ in range(2)]
    with pytest.raises(RateLimited):
        turns.take(A)
    turns.take(B)
    turns.give_back(first[0])
    turns.take(A)


def test_a_workspace_that_runs_nothing_is_forgotten_after_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.turns._KNOWN", 3)
    turns = Turns(2, 2, 0.5)
    for workspace in range(10):
        turns.give_back(turns.take(workspace))
    assert len(turns._of) == 3
