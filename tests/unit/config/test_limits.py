"""Who may occupy a process, and how much of it works."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from config.databases import nearby
from config.limits import turns_of
from config.settings import Settings

SETTINGS = Settings(home=Path("/nowhere"), secret_key=b"0" * 32)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        (None, True),
        ("postgresql:///fitpro", True),
        ("postgresql://app:secret@localhost/fitpro", True),
        ("postgresql://app:secret@127.0.0.1:6432/fitpro", True),
        ("postgresql://app:secret@[::1]/fitpro", True),
        ("postgresql://app:secret@/fitpro?host=/run/postgresql", True),
        ("postgresql://app:secret@db/fitpro", False),
        ("postgresql://app:secret@10.0.0.5/fitpro", False),
        ("postgresql://app:secret@localhost,db.example/fitpro", False),
    ],
)
@pytest.mark.parametrize(("threads", "half"), [(1, 1), (2, 1), (5, 2), (8, 4)])
def test_half_of_the_threads_are_a_reserve_where_the_database_is_on_this_machine(url: str | None, here: bool, threads: int, half: int) -> None:
    settings = dataclasses.replace(SETTINGS, database_url=url, threads=threads)
    assert nearby(settings) is here
    assert turns_of(settings)._places._free == (half if here else threads)
