"""Requests about what exists and about what does not, interleaved, and whether their times tell which was which."""

from __future__ import annotations

import json
import math
import random
import statistics
import time
import uuid
from collections.abc import Callable, Collection, Sequence

from tests.servers import Api, Reply

CLOSE_MS, CERTAIN = 2.0, 0.01
Ask = Callable[[Api, str], Reply]
Times = tuple[list[float], list[float]]


def compared(api: Api, ask: Ask, pairs: int, *, people: Api | None = None, equal: bool = True) -> Times:
    """Milliseconds for addresses with an account and for addresses without, interleaved; every answer equal but for its moment.

    In an order of chance: what happens in every fourth request, as a garbage collection may, would else always meet the same kind.
    people: where those accounts are made, when signing up at `api` makes none."""
    emails, others = ([f"{uuid.uuid4().hex}@example.com" for _ in range(pairs)] for _ in range(2))
    for email in emails:
        (people or api).signup(email=email)
    took: Times = ([], [])
    for pair in zip(emails, others, strict=True):
        answers = {}
        for which in random.sample((0, 1), 2):
            address = pair[which]
            began = time.perf_counter()
            answers[which] = ask(api, address)
            took[which].append(1000 * (time.perf_counter() - began))
        assert not equal or said(answers[0]) == said(answers[1]), (answers[0].body, answers[1].body)
    return took


def apart(times: Times) -> float:
    """By how many milliseconds the medians differ."""
    return abs(statistics.median(times[0]) - statistics.median(times[1]))


def closest(measure: Callable[[], float]) -> float:
    """By how much they differ, in the best of three measures: another program may need the processor in the middle of one."""
    found = []
    while len(found) < 3 and (not found or found[-1] >= CLOSE_MS):
        found.append(measure())
    return min(found)


def told_apart(measure: Callable[[], Times]) -> bool:
    """Whether what is slower shows, in one of three measures: noise hides it as well as it feigns it."""
    return any(apart(times) > CLOSE_MS and mann_whitney(*times) < CERTAIN for times in (measure() for _ in range(3)))


def said(reply: Reply, own: Collection[str] = ()) -> tuple[int, bytes, frozenset[str]]:
    """All that an answer tells, byte for byte. own: names of what is each answer's own by nature, of which only the values are left out."""
    body = reply.body
    for name in own:
        body = body.replace(json.dumps(reply.json[name]).encode(), b'"' + name.encode() + b'"')
    return reply.status, body, frozenset(reply.headers)


def mann_whitney(some: Sequence[float], others: Sequence[float]) -> float:
    """How likely two such samples are when nothing tells them apart (two-sided, by the normal approximation)."""
    ranked = sorted([(value, 0) for value in some] + [(value, 1) for value in others])
    ranks = {0: 0.0, 1: 0.0}
    place = 0
    while place < len(ranked):
        tied = place
        while tied < len(ranked) and ranked[tied][0] == ranked[place][0]:
            tied += 1
        for _, which in ranked[place:tied]:
            ranks[which] += (place + tied + 1) / 2
        place = tied
    n, m = len(some), len(others)
    u = ranks[0] - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))
