"""How many threads of a process are at work, and which goes on."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from adapters.http.places import Places


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, requests are quick; and who waits is called after each."""
    monkeypatch.setattr("adapters.http.places._QUICK_S", 60.0)
    monkeypatch.setattr("adapters.http.places._SLICE_S", 0.0)


class Process:
    """A process's threads: each request is as long as it is told to be."""

    def __init__(self, threads: int, at_work: int = 1) -> None:
        self.places = Places(threads, at_work)
        self.at_work = at_work
        self.lock = threading.Lock()
        self.working = self.most = 0
        self.order: list[str] = []

    def serve(self, seconds: float = 0.0, name: str = "", *, goes_on: bool = True) -> float:
        """How long the request took, the wait for its place included."""
        came = time.monotonic()
        visit = self.places.enter()
        with self.lock:
            self.working += 1
            self.most = max(self.most, self.working)
            self.order.append(name)
        time.sleep(seconds)
        with self.lock:
            self.working -= 1
        self.places.leave(visit, goes_on=goes_on)
        return time.monotonic() - came

    def behind(self, pool: ThreadPoolExecutor, *, goes_on: bool, requests: int) -> list[str]:
        """The order in which one thread's requests, one after another, and another thread's one are served that comes during the first."""
        mine, theirs = threading.Event(), threading.Event()

        def first() -> None:
            self.serve()  # so that the next follows one
            visit = self.places.enter()
            self.order.append("a")
            mine.set()
            theirs.wait(10)
            while not self.places._waiting:
                time.sleep(0.001)
            self.places.leave(visit, goes_on=goes_on)
            for _ in range(requests - 1):
                self.serve(name="a", goes_on=goes_on)

        def second() -> None:
            mine.wait(10)
            theirs.set()
            self.serve(name="b")

        self.order = []
        both: list[Future[None]] = [pool.submit(first), pool.submit(second)]
        for each in both:
            each.result(20)
        return self.order[1:]

    @property
    def at_rest(self) -> bool:
        """Whether every place is free again, or kept where whoever comes next finds it."""
        places = self.places
        return not places._inside and not places._waiting and places._free + len(places._kept) == self.at_work


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(("threads", "at_work"), [(1, 1), (2, 1), (3, 1), (8, 4), (4, 4)])
def test_no_more_threads_work_than_have_a_place_while_requests_are_quick(threads: int, at_work: int) -> None:
    process = Process(threads, at_work)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(process.serve, [0.002] * 50))
    assert process.most == at_work
    assert process.at_rest


def test_nobody_waits_for_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.places._QUICK_S", 0.1)
    process = Process(2)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(process.serve, 2.0)
        time.sleep(0.2)
        quick = [pool.submit(process.serve).result() for _ in range(15)]
        assert not slow.done()
        assert sum(quick) < 0.75, "or each had waited for a tenth of a second"
    assert process.most == 2
    assert process.at_rest


def test_a_place_is_waited_for_as_long_as_a_quick_request_lasts_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.places._QUICK_S", 1.0)
    process = Process(2)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(process.serve, 6.0)
        time.sleep(0.1)
        assert 0.1 < process.serve() < 5.0
        assert not slow.done()
    assert process.at_rest


def test_a_thread_whose_requests_follow_at_once_goes_on_and_keeps_nobody_waiting_when_none_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.places._AT_ONCE_S", 60.0)
    monkeypatch.setattr("adapters.http.places._SLICE_S", 60.0)
    monkeypatch.setattr("adapters.http.places._QUICK_S", 1.0)  # after which b looks whether a is still there
    process = Process(2)
    with ThreadPoolExecutor(2) as pool:
        assert process.behind(pool, goes_on=True, requests=4) == ["a", "a", "a", "a", "b"]
    assert process.most == 1
    assert process.at_rest


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("why", ["refused", "the slice is over", "it came from elsewhere"])
def test_it_hands_its_place_over(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.places._AT_ONCE_S", 0.0 if why == "it came from elsewhere" else 60.0)
    monkeypatch.setattr("adapters.http.places._SLICE_S", 0.0 if why == "the slice is over" else 60.0)
    process = Process(2)
    with ThreadPoolExecutor(2) as pool:
        assert process.behind(pool, goes_on=why != "refused", requests=4) == ["a", "b", "a", "a", "a"]
    assert process.at_rest


@pytest.mark.usefixtures("patient")
def test_those_who_wait_are_served_in_the_order_they_came() -> None:
    process = Process(8)
    with ThreadPoolExecutor(8) as pool:
        first = process.places.enter()
        waiting = []
        for name in "abcdef":
            waiting.append(pool.submit(process.serve, 0.0, name, goes_on=False))
            while len(process.places._waiting) < len(waiting):
                time.sleep(0.001)
        process.places.leave(first, goes_on=False)
        for each in waiting:
            each.result(10)
    assert "".join(process.order) == "abcdef"


def test_full_counts_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(2, 1)
    first = places.enter()
    assert not places.full
    monkeypatch.setattr("adapters.http.places._QUICK_S", 0.0)
    second = places.enter()
    assert (places.full, first.placed, second.placed) == (True, True, False)
    places.leave(second, goes_on=True)
    assert not places.full


@pytest.mark.parametrize(("threads", "at_work"), [(2, 1), (5, 2), (8, 4), (8, 8)])
def test_no_place_is_ever_lost_or_made(threads: int, at_work: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storm of quick, slow and refused requests, with patience and slices of their length."""
    monkeypatch.setattr("adapters.http.places._QUICK_S", 0.001)
    monkeypatch.setattr("adapters.http.places._SLICE_S", 0.002)
    process = Process(threads, at_work)

    def serve(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(200):
            process.serve(dice.choice((0.0, 0.0, 0.0, 0.0003, 0.003)), goes_on=dice.random() < 0.9)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(serve, range(threads)))
    assert process.at_rest
    assert len(process.order) == 200 * threads
