"""The cache of verified tokens: never kinder than the verifier behind it."""

from __future__ import annotations

import timeit
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from adapters.local.clock import SystemClock
from adapters.local.identity import CachedVerifier
from kernel.errors import Unauthenticated
from ports.identity import Principal
from tests.yardstick import budget_s

START = datetime(2026, 9, 1, tzinfo=UTC)


def test_a_second_look_at_a_token_does_not_verify_again(inner: Inner, clock: SettableClock) -> None:
    cached = CachedVerifier(inner, clock)
    assert cached.verify("t600") is cached.verify("t600")
    assert inner.asked == ["t600"]


def test_the_end_is_checked_on_every_hit_and_the_inner_verifier_has_the_last_word(inner: Inner, clock: SettableClock) -> None:
    cached = CachedVerifier(inner, clock)
    cached.verify("t10")
    clock.at += timedelta(seconds=10)
    cached.verify("t10")
    assert inner.asked == ["t10", "t10"]
    inner.refuses = True
    with pytest.raises(Unauthenticated):
        cached.verify("t10")


def test_a_refused_token_is_not_remembered(inner: Inner, clock: SettableClock) -> None:
    cached = CachedVerifier(inner, clock)
    inner.refuses = True
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            cached.verify("t600")
    assert (len(inner.asked), len(cached)) == (2, 0)


def test_a_withdrawn_key_is_noticed_after_the_longest_age(inner: Inner, clock: SettableClock) -> None:
    cached = CachedVerifier(inner, clock, max_age_s=600)
    cached.verify("t3600")
    inner.refuses = True
    clock.at += timedelta(seconds=599)
    cached.verify("t3600")
    clock.at += timedelta(seconds=1)
    with pytest.raises(Unauthenticated):
        cached.verify("t3600")


def test_the_cache_never_grows_past_its_bound_and_drops_the_oldest(inner: Inner, clock: SettableClock) -> None:
    cached = CachedVerifier(inner, clock, capacity=3)
    for seconds in (101, 102, 103, 104):
        cached.verify(f"t{seconds}")
    inner.asked.clear()
    for seconds in (102, 103, 104, 101):
        cached.verify(f"t{seconds}")
    assert (inner.asked, len(cached)) == (["t101"], 3)


def test_when_a_key_was_withdrawn_every_token_is_verified_again(inner: Inner, clock: SettableClock) -> None:
    counts = iter((3, 3, 4, 4))  # the first when it is made
    cached = CachedVerifier(inner, clock, withdrawn=lambda: next(counts))
    for _ in range(3):
        cached.verify("t600")
    assert inner.asked == ["t600", "t600"]


def test_a_token_that_was_being_verified_when_its_key_went_is_not_remembered(
    inner: Inner, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 0
    cached = CachedVerifier(inner, clock, withdrawn=lambda: count)

    def meanwhile(bearer: str) -> Principal:
        nonlocal count
        found = inner.verify(bearer)
        if not count:
            count = 1
            cached.verify("t601")  # another thread's, which learns of it first
        return found

    monkeypatch.setattr(cached, "_inner", SimpleNamespace(verify=meanwhile))
    cached.verify("t600")
    assert len(cached) == 1
    cached.verify("t600")
    assert inner.asked == ["t600", "t601", "t600"]


def test_a_hit_costs_less_than_two_microseconds(inner: Inner) -> None:
    cached = CachedVerifier(inner, SystemClock())
    inner.now = SystemClock().now()
    token = "t600." + "x" * 500
    tokens = [token[:5] + token[5:] for _ in range(2000)]  # equal texts, none of them hashed before
    cached.verify(token)

    def hits() -> None:
        for each in tokens:
            cached.verify(each)

    # The best of many: the machine is shared, the code's own cost is the least ever seen.
    best_s = min(timeit.repeat(hits, number=1, repeat=30)) / len(tokens)
    assert inner.asked == [token]
    assert best_s < budget_s(2e-6), f"{best_s * 1e6:.2f} µs"


class SettableClock:
    """Shows what it is set to."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.at


class Inner:
    """Accepts `t<seconds>`, ending so many seconds after the start, until told to refuse."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refuses = False
        self.now = START

    def verify(self, bearer: str) -> Principal:
        """Whoever it is, for the seconds the token names."""
        self.asked.append(bearer)
        if self.refuses:
            raise Unauthenticated
        ends = self.now + timedelta(seconds=int(bearer[1:].split(".")[0]))
        return Principal(UUID(int=1), UUID(int=2), int(ends.timestamp()))


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()
