"""Waits and words of a failed attempt."""

from __future__ import annotations

from adapters.worker.worker import Backoff, described


def test_the_wait_grows_from_five_seconds_to_an_hour_with_full_jitter() -> None:
    for attempts, ceiling in ((1, 5), (2, 10), (5, 80), (11, 3600), (1000, 3600)):
        waits = [Backoff().after(attempts) for _ in range(400)]
        assert 0 <= min(waits) < ceiling * 0.1
        assert ceiling * 0.9 < max(waits) <= ceiling


def test_an_error_is_told_by_its_kind_and_first_line() -> None:
    assert described(ValueError("bad\nDETAIL: Key (email)=(ana@example.com)")) == "ValueError: bad"
    assert len(described(ValueError("x" * 10_000))) == 500
    assert described(KeyError()) == "KeyError: "
