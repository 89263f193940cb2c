"""T25: whoever guesses passwords is stopped by counters in the database, and whose account it is still gets in from a device they used."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from config.bootstrap import install, web
from config.databases import connections
from config.settings import Settings
from plugins.accounts.service.guard import Guard
from tests.servers import Api, Cluster, Reply

PASSWORD, GUESS = "a long enough secret", "not the right secret"
WINDOW_CHECKS, ADDRESS_CHECKS = 10, 100


@dataclass
class Counted:
    """Passwords that are counted when they reach the hash."""

    checked: list[str] = field(default_factory=list)

    @contextmanager
    def watching(self, passwords: Any) -> Iterator[None]:
        verify = passwords.verify

        def counting(hashed: str, password: str) -> bool:
            self.checked.append(password)
            return bool(verify(hashed, password))

        passwords.verify = counting
        try:
            yield
        finally:
            passwords.verify = verify


@dataclass
class Gate:
    """The product in this process, with the limits as they are delivered, behind two proxies so that addresses can be chosen."""

    api: Api
    counted: Counted
    settings: Settings

    def login(self, email: str, password: str, *, address: str = "198.51.100.1", device: str | None = None) -> Reply:
        headers = {"X-Forwarded-For": address, **({"X-Device-Token": device} if device else {})}
        return self.api.post("/auth/login", json={"email": email, "password": password}, headers=headers)

    def person(self) -> tuple[str, str]:
        """An address, and the device it signed up with."""
        email = f"v{uuid.uuid4().hex}@example.com"
        body = {"email": email, "password": PASSWORD, "full_name": "Vic Tim", "consents": {"terms": True, "privacy": True}}
        reply = self.api.post("/auth/signup", json=body)
        assert reply.status == 201
        return email, reply.headers["X-Device-Token"]

    def guesses(self, email: str, count: int, threads: int = 8) -> Counter[int]:
        """So many wrong passwords, each from an address of its own."""
        self.counted.checked.clear()
        with ThreadPoolExecutor(threads) as pool:
            return Counter(pool.map(lambda n: self.login(email, GUESS, address=f"203.0.{n // 250}.{n % 250}").status, range(count)))


def test_t25_of_many_wrong_passwords_ten_reach_the_hash_and_the_victim_gets_in_every_time(gate: Gate, guesses: int) -> None:
    email, device = gate.person()
    statuses = gate.guesses(email, guesses)
    checked = len(gate.counted.checked)
    let_in = [gate.login(email, PASSWORD, device=device).status for _ in range(20)]
    print(f"T25: {guesses} wrong passwords, {checked} reached the hash; the victim got in {let_in.count(200)} of {len(let_in)} times")
    assert checked <= WINDOW_CHECKS
    assert statuses.keys() <= {401, 429, 409, 503}  # 409, 503: the counter was busy for 300 ms, or there was no room; nothing was checked
    assert statuses[401] == checked
    assert let_in == [200] * 20
    refused = gate.login(email, PASSWORD)
    assert (refused.status, refused.json["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 900


def test_t25_an_account_that_does_not_exist_is_counted_alike(gate: Gate) -> None:
    email, _ = gate.person()
    known, unknown = ([gate.login(name, GUESS).status for _ in range(12)] for name in (email, f"{uuid.uuid4().hex}@example.com"))
    assert known == unknown == [401] * 10 + [429] * 2


def test_t25_a_device_has_a_counter_of_its_own_and_is_nobody_elses(gate: Gate) -> None:
    (victim, device), (_, other) = gate.person(), gate.person()
    assert [gate.login(victim, GUESS, device=device).status for _ in range(12)] == [401] * 10 + [429] * 2
    assert gate.login(victim, PASSWORD).status == 200  # the account's own counter is untouched
    gate.guesses(victim, 10, threads=1)
    for stranger in (other, device[:-1] + ("A" if device[-1] != "A" else "B"), "x" * 85, device.replace(".", "")):
        assert gate.login(victim, PASSWORD, device=stranger).status == 429


def test_t25_one_network_address_gets_a_hundred_checks_over_all_accounts(gate: Gate) -> None:
    address, (email, device) = f"192.0.2.{uuid.uuid4().int % 250}", gate.person()
    statuses = [gate.login(f"{n}{uuid.uuid4().hex}@example.com", GUESS, address=address).status for n in range(110)]
    assert statuses == [401] * ADDRESS_CHECKS + [429] * 10
    assert gate.login(email, PASSWORD, address=address).status == 429
    assert gate.login(email, PASSWORD, address=address, device=device).status == 200


def test_t25_good_sign_ins_do_not_count(gate: Gate) -> None:
    email, _ = gate.person()
    assert [gate.login(email, PASSWORD).status for _ in range(25)] == [200] * 25


def test_t25_a_window_ends_by_itself(gate: Gate) -> None:
    email, _ = gate.person()
    gate.guesses(email, 12, threads=1)
    assert gate.login(email, PASSWORD).status == 429
    with psycopg.connect(connections(gate.settings).auth) as auth:
        auth.execute("update accounts_attempt set since = since - interval '15 minutes', until = until - interval '15 minutes'")
    assert gate.login(email, PASSWORD).status == 200


def test_t25_where_the_counters_cannot_be_asked_nothing_is_checked(gate: Gate) -> None:
    email, device = gate.person()
    gate.counted.checked.clear()
    with psycopg.connect(connections(gate.settings).owner) as owner:
        owner.execute("lock table accounts_attempt in access exclusive mode")
        for known in (None, device):
            assert gate.login(email, PASSWORD, device=known).status in (409, 503)
        owner.rollback()
    assert gate.counted.checked == []


def test_t25_proving_who_is_in_a_session_is_counted_too(gate: Gate) -> None:
    email, device = gate.person()
    token = gate.login(email, PASSWORD, device=device).json["access_token"]
    ask = lambda: gate.api.post("/api/v1/me/reauthenticate", json={"password": GUESS}, who=token).status  # noqa: E731
    assert [ask() for _ in range(12)] == [422] * 10 + [429] * 2
    assert gate.login(email, PASSWORD).status == 200


@pytest.mark.parametrize("fault", ["counted after the check", "never refused"])
def test_t25_a_guard_that_counts_too_late_or_not_at_all_is_noticed(gate: Gate, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """The seeded faults."""
    email, _ = gate.person()
    if fault == "never refused":
        monkeypatch.setattr("plugins.accounts.service.guard.refuse", lambda _: None)
    else:

        @contextmanager
        def late(self: Guard, read: Any) -> Iterator[Any]:
            with self.store.transaction():
                found, budgets = read()
            yield found, budgets
            with self.store.transaction():  # not reached by a wrong password
                self.store.attempt(*budgets, now=self.clock.now())

        monkeypatch.setattr(Guard, "paid", late)
    gate.guesses(email, 40, threads=1)
    assert len(gate.counted.checked) > WINDOW_CHECKS


@pytest.fixture(params=[200, pytest.param(1_000, marks=pytest.mark.torture)])
def guesses(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def gate(cluster: Cluster) -> Iterator[Gate]:
    name = cluster.clone(f"guesses_{uuid.uuid4().hex[:8]}")
    settings = cluster.settings(name, trusted_proxies=1, password_checks_account=WINDOW_CHECKS, password_checks_address=ADDRESS_CHECKS)
    installation = install(settings)
    counted = Counted()
    with counted.watching(installation.container.passwords()):
        yield Gate(Api(web(installation)), counted, settings)
    installation.container.app_pool().close()
    installation.container.auth_pool().close()
    cluster.drop(name)
