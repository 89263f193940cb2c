"""A library that repeats itself every second is heard once a minute, with how often it said so."""

from __future__ import annotations

import logging

from config.logging import Seldom


def record(name: str, message: str, at: float) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, __file__, 1, message, (), None)
    made.created = at
    return made


def test_the_same_complaint_comes_once_a_minute_with_its_count() -> None:
    seldom = Seldom("huey")
    passed = [at for at in range(200) if seldom.filter(record("huey.consumer.Worker", "Error reading from queue", at))]
    assert passed == [0, 60, 120, 180]
    last = record("huey.consumer.Worker", "Error reading from queue", 300)
    assert seldom.filter(last)
    assert last.getMessage() == "Error reading from queue (and 19 times before)"


def test_other_complaints_and_other_libraries_are_heard_each_time() -> None:
    seldom = Seldom("huey")
    assert all(seldom.filter(record("huey", f"message {n}", 0)) for n in range(5))
    assert all(seldom.filter(record("adapters.worker", "the same", 0)) for _ in range(5))
