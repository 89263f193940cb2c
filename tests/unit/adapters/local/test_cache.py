"""Answers in memory: never more of them than was said, and the ones used last."""

from __future__ import annotations

import os
import tracemalloc
import uuid

import pytest

from adapters.local import cache
from adapters.local.cache import Memory

ONE = cache._size("a", b"x" * 100)
"""Bytes of one entry of the tests."""


def named(memory: Memory, names: str) -> str:
    """Which of these are kept."""
    return "".join(name for name in names if memory.get(name) is not None)


def test_the_one_not_used_for_longest_goes_first() -> None:
    memory = Memory(3 * ONE)
    for name in "abc":
        memory.put(name, b"x" * 100, 60)
    assert memory.get("a") is not None
    memory.put("d", b"x" * 100, 60)
    assert named(memory, "abcd") == "acd"


def test_a_large_one_takes_the_place_of_several() -> None:
    memory = Memory(3 * ONE)
    for name in "abc":
        memory.put(name, b"x" * 100, 60)
    memory.put("d", b"x" * (100 + ONE), 60)
    assert named(memory, "abcd") == "cd"
    memory.put("c", b"x" * (3 * ONE), 60)
    assert named(memory, "abcd") == "d", "what is larger than the whole is not kept, and pushes nobody out"


def test_one_kept_anew_counts_once() -> None:
    memory = Memory(3 * ONE)
    for value in (b"x" * 100, b"y" * 50, b"z" * 100):
        memory.put("a", value, 60)
    memory.put("b", b"x" * 100, 60)
    memory.put("c", b"x" * 100, 60)
    assert named(memory, "abc") == "abc"
    assert (memory.get("a") or ("", 0))[0] == b"z" * 100


def test_what_ended_is_gone_and_takes_no_room() -> None:
    now = [0.0]
    memory = Memory(3 * ONE, now=lambda: now[0])
    memory.put("a", b"x" * 100, 10)
    now[0] = 4.0
    assert memory.get("a") == (b"x" * 100, 6.0)
    now[0] = 10.0
    assert memory.get("a") is None
    assert memory._size == 0


def test_a_memory_of_nothing_keeps_nothing() -> None:
    memory = Memory(0)
    memory.put("a", b"", 60)
    assert memory.get("a") is None


@pytest.mark.parametrize("length", [0, 100, 5_000], ids=["empty", "short", "long"])
def test_it_takes_no_more_memory_than_was_said(length: int) -> None:
    most = 4 * 1024 * 1024
    tracemalloc.start()
    try:
        memory = Memory(most)
        for _ in range(3 * most // (length + 400)):
            memory.put(f"{uuid.uuid4()}:bookings:{os.urandom(32).hex()}", os.urandom(length), 60)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"memory: {taken / most:.0%} of what was said, {len(memory._kept)} answers of {length} bytes")
    assert most * 0.6 < taken <= most
