"""Identifiers increase, whatever the clock does."""

from __future__ import annotations

import os
import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import ids


@pytest.mark.usefixtures("fresh")
def test_an_id_is_a_uuid_of_version_7_and_says_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = ids.new_id()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    # Ids made in a burst may run ahead of the clock by 1/4096 ms each.
    assert before <= made.int >> 80 <= after + 10


@pytest.mark.usefixtures("fresh")
@given(clock=st.lists(st.integers(0, 2**60), min_size=2, max_size=20))
def test_ids_increase_even_when_the_clock_jumps_back(clock: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        readings = iter(clock)
        patch.setattr(time, "time_ns", lambda: next(readings))
        made = [ids.new_id() for _ in clock]
    assert made == sorted(set(made))


def test_threads_never_make_the_same_id() -> None:
    made: list[uuid.UUID] = []

    def make() -> None:
        made.extend([ids.new_id() for _ in range(2_000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def test_a_process_that_forks_shares_no_bits_with_its_child() -> None:
    """On one clock the bits alone tell their ids apart."""
    ids.new_id()
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, b"".join(ids.new_id().bytes[8:] for _ in range(100)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 1600)
    for each in (reading, writing):
        os.close(each)
    mine = [ids.new_id().bytes[8:] for _ in range(100)]
    assert len(theirs) == 800
    assert set(mine).isdisjoint(theirs[at : at + 8] for at in range(0, 800, 8))


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last id is forgotten afterwards: it may lie far in the future."""
    monkeypatch.setattr(ids, "_last", 0)
