"""Passwords: slow on purpose, bounded, taken as they are typed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters

from adapters.local.identity import Argon2Passwords
from kernel.errors import Invalid, Unavailable

GOOD = "correct horse battery"


def test_a_password_verifies_against_its_own_hash_only(cheap: Argon2Passwords) -> None:
    hashed = cheap.hash(GOOD)
    assert cheap.verify(hashed, GOOD)
    assert not cheap.verify(hashed, GOOD + "!")
    assert cheap.hash(GOOD) != hashed


def test_the_default_costs_are_the_floor_of_owasp() -> None:
    parameters = extract_parameters(Argon2Passwords().hash(GOOD))
    assert (parameters.type.name, parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (
        "ID", 2, 19_456, 1,
    )  # fmt: skip
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


@pytest.mark.parametrize("password", ["a" * 8, "é" * 128, "  spaces  ", "日本語パスワード", "nul\0inside", "😀" * 8])
def test_a_password_of_eight_to_128_characters_is_taken_verbatim(cheap: Argon2Passwords, password: str) -> None:
    hashed = cheap.hash(password)
    assert cheap.verify(hashed, password)
    assert not cheap.verify(hashed, password + " ")
    assert not cheap.verify(hashed, password[:-1] + "#")


def test_composed_and_decomposed_letters_are_different_passwords(cheap: Argon2Passwords) -> None:
    assert not cheap.verify(cheap.hash("caf\u00e9 caf\u00e9"), "cafe\u0301 cafe\u0301")


@pytest.mark.parametrize("password", ["", "a" * 7, "a" * 129, "x" * 65_536, "half a pair \ud800"])
def test_a_password_nobody_may_set_is_invalid_and_costs_no_hash(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Argon2Passwords(time_cost=1, memory_kib=8)
    hashed = list[str]()
    watch_hashes(monkeypatch, hashed.append)
    monkeypatch.setattr(PasswordHasher, "hash", lambda *_: hashed.append("a new one"))
    with pytest.raises(Invalid) as refusal:
        passwords.hash(password)
    assert not passwords.verify("$argon2id$v=19$m=19456,t=50,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", password)
    assert not passwords.verify(passwords.decoy(), password)
    assert hashed == []
    assert refusal.value.errors[0].pointer == "/password"


@pytest.mark.parametrize("hashed", ["", "plain", "$2b$12$abc", "$argon2id$v=19$m=8,t=1,p=1$!$!", "$argon2id$ñ"])
def test_a_hash_nobody_can_read_verifies_nothing(cheap: Argon2Passwords, hashed: str) -> None:
    assert not cheap.verify(hashed, GOOD)
    assert cheap.needs_rehash(hashed)


def test_only_a_hash_with_other_costs_needs_to_be_made_again(cheap: Argon2Passwords) -> None:
    hashed = cheap.hash(GOOD)
    assert not cheap.needs_rehash(hashed)
    assert Argon2Passwords().needs_rehash(hashed)


def test_an_unknown_account_costs_one_hash_with_the_costs_of_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords, asked = Argon2Passwords(), list[str]()
    hashed = passwords.hash(GOOD)
    watch_hashes(monkeypatch, asked.append)
    passwords.verify(hashed, "wrong password")
    passwords.verify(passwords.decoy(), "wrong password")
    known, unknown = (extract_parameters(each) for each in asked)
    assert known == unknown


def test_hashes_beyond_the_bound_wait_and_then_are_refused_with_a_time_to_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passwords = Argon2Passwords(time_cost=1, memory_kib=8, concurrent=2, patience_s=0.05)
    hashed = passwords.hash(GOOD)
    inside, release = threading.Barrier(3), threading.Event()

    def stay(_: str) -> None:
        inside.wait(5)
        release.wait(5)

    watch_hashes(monkeypatch, stay)
    holders = [threading.Thread(target=passwords.verify, args=(hashed, GOOD)) for _ in range(2)]
    for holder in holders:
        holder.start()
    inside.wait(5)
    for refused in (passwords.hash, partial(passwords.verify, passwords.decoy())):
        with pytest.raises(Unavailable) as refusal:
            refused(GOOD)
        assert refusal.value.retry_after_s == 1
    release.set()
    for holder in holders:
        holder.join(5)
    monkeypatch.undo()
    assert passwords.verify(passwords.hash(GOOD), GOOD)


def test_in_a_rush_that_lasts_nobody_waits_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Argon2Passwords(time_cost=1, memory_kib=8, concurrent=1, patience_s=0.02, patient=3, patient_again_per_s=0.001)
    waited, acquire = list[bool](), passwords._turns.acquire

    def told(*given: Any, **more: Any) -> bool:
        waited.append("timeout" in more)
        return acquire(*given, **more)

    def rush(people: int) -> int:
        """How many of them waited."""
        waited.clear()
        with passwords.turn():
            for _ in range(people):
                with ThreadPoolExecutor(1) as other, pytest.raises(Unavailable):
                    other.submit(passwords.hash, GOOD).result()
        return sum(waited)

    monkeypatch.setattr(passwords._turns, "acquire", told)
    assert rush(6) == 3
    assert passwords.hash(GOOD)
    passwords._waits._at -= 2_000  # seconds later
    assert rush(6) == 2


def test_room_taken_for_a_request_serves_every_hash_of_it() -> None:
    passwords = Argon2Passwords(time_cost=1, memory_kib=8, concurrent=1, patience_s=0.01)
    with passwords.turn():
        assert passwords.verify(passwords.hash(GOOD), GOOD)
    assert passwords.hash(GOOD)


def test_a_failing_hash_gives_its_turn_back() -> None:
    passwords = Argon2Passwords(time_cost=1, memory_kib=8, concurrent=1, patience_s=0.05)
    for _ in range(5):
        assert not passwords.verify("unreadable", GOOD)
    assert passwords.hash(GOOD)


def test_t33_two_hundred_sign_ins_at_once_never_run_more_than_four_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Argon2Passwords(time_cost=1, memory_kib=1024, patience_s=30, patient=1_000)
    hashed, counting, running, seen = passwords.hash(GOOD), threading.Lock(), 0, list[int]()

    def count(_: str) -> None:
        nonlocal running
        with counting:
            running += 1
            seen.append(running)
        time.sleep(0.002)
        with counting:
            running -= 1

    watch_hashes(monkeypatch, count)
    people = [threading.Thread(target=passwords.verify, args=(hashed, GOOD)) for _ in range(200)]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
    assert (len(seen), max(seen)) == (200, 4)


def watch_hashes(patch: pytest.MonkeyPatch, watch: Callable[[str], None]) -> None:
    """Call `watch` with the stored hash whenever a verification really starts."""
    genuine = PasswordHasher.verify

    def watched(hasher: PasswordHasher, hashed: str, password: bytes) -> bool:
        watch(hashed)
        return genuine(hasher, hashed, password)

    patch.setattr(PasswordHasher, "verify", watched)


@pytest.fixture
def cheap() -> Argon2Passwords:
    return Argon2Passwords(time_cost=1, memory_kib=8)
