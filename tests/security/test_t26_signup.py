"""T26 for signing up: where FITPRO_SIGNUP is `confirmed` nothing tells whether an address has an account; where it is `open` the answer does, and
costs as much as an account."""

from __future__ import annotations

import statistics
import time
import uuid
from dataclasses import replace
from typing import Any

import pytest

from config.bootstrap import install, web
from config.settings import Settings
from plugins.accounts.service.confirmed import ConfirmedSignups
from tests.security.pairs import CERTAIN, CLOSE_MS, apart, closest, compared, mann_whitney, told_apart
from tests.servers import Api, Reply

PAIRS, TORTURE_PAIRS = 150, 1_000
BODY = {"password": "a long enough secret", "full_name": "Sam Somebody", "consents": {"terms": True, "privacy": True}}


def sign_up(api: Api, email: str, **options: Any) -> Reply:
    return api.post("/auth/signup", json={**BODY, "email": email}, headers={"X-Request-Id": "same", **options})


def test_t26_signing_up_says_the_same_in_the_same_time_whoever_has_the_address(confirmed: Api, local: Api) -> None:
    difference = closest(lambda: apart(compared(confirmed, sign_up, PAIRS, people=local)))
    print(f"T26: signing up to be confirmed: medians differ by {difference:.3f} ms over {PAIRS} pairs")
    assert difference < CLOSE_MS


@pytest.mark.torture
def test_t26_a_thousand_signups_cannot_be_told_apart(confirmed: Api, local: Api) -> None:
    """The best of three: another program may need the processor in the middle of one."""
    for _ in range(3):
        times = compared(confirmed, sign_up, TORTURE_PAIRS, people=local)
        difference, p = apart(times), mann_whitney(*times)
        print(f"T26: signing up to be confirmed: medians differ by {difference:.3f} ms, p = {p:.3f}")
        if difference < CLOSE_MS and p > CERTAIN:
            return
    raise AssertionError((difference, p))


def test_t26_the_refusal_of_an_open_signup_takes_as_long_as_an_account(settings: Settings, local: Api) -> None:
    """So that guessing who has an account is no cheaper than making them. With hashes that cost what they do in earnest."""
    earnest = api_of(replace(settings, argon2_time_cost=2, argon2_memory_kib=19_456))
    taken, made = (statistics.median(times) for times in compared(earnest, sign_up, 20, people=local, equal=False))
    print(f"T26: signing up openly: {taken:.1f} ms to be refused, {made:.1f} ms to succeed")
    assert taken > 0.7 * made


def test_t26_signups_are_limited_by_the_network_address(settings: Settings) -> None:
    api = api_of(replace(settings, trusted_proxies=1, signups_address=3))
    address, known = f"198.51.100.{uuid.uuid4().int % 250}", f"k{uuid.uuid4().hex}@example.com"
    asked = [known, known, f"n{uuid.uuid4().hex}@example.com", f"n{uuid.uuid4().hex}@example.com", known]
    replies = [sign_up(api, email, **{"X-Forwarded-For": address}) for email in asked]
    assert [reply.status for reply in replies] == [201, 409, 201, 429, 429]
    assert 0 < int(replies[-1].headers["Retry-After"]) <= 3600
    assert sign_up(api, f"n{uuid.uuid4().hex}@example.com", **{"X-Forwarded-For": "203.0.113.9"}).status == 201


def test_t26_a_signup_that_looks_first_is_noticed(confirmed: Api, local: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded fault: whether the address is taken is asked before the answer."""
    genuine = ConfirmedSignups.sign_up

    def eager(self: ConfirmedSignups, *, email: str, **said: Any) -> None:
        with self._store.transaction():
            found = self._store.credential(email)
        if found is not None:
            time.sleep(0.006)
        genuine(self, email=email, **said)

    monkeypatch.setattr(ConfirmedSignups, "sign_up", eager)
    assert told_apart(lambda: compared(confirmed, sign_up, 40, people=local))


def api_of(settings: Settings) -> Api:
    """An installation with settings of its own, on the shared database."""
    return Api(web(install(settings)))


@pytest.fixture(scope="module")
def confirmed(settings: Settings) -> Api:
    """The product in this process, telling nobody who has an account."""
    return api_of(replace(settings, signup="confirmed"))
