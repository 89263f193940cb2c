"""The use cases on a store in memory: what is hashed when, and what is kept when somebody is refused."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from adapters.local.capabilities import DerivedCapabilities
from adapters.local.identity import CachedVerifier, RotatingRefreshTokens, SignedDevices
from kernel.errors import NotFound, Stale, Unauthenticated
from plugins.accounts.domain import Purpose
from plugins.accounts.service import Accounts, SignedIn
from ports.federation import Federation
from ports.identity import Allowances
from tests.unit.plugins.accounts.in_memory import CountingPasswords, MemoryStore, PlainTokens, StillClock

ANA = {"email": "ana@example.com", "password": "a long enough secret"}
YES = {"terms": True, "privacy": True}


def test_passwords_are_never_hashed_inside_a_transaction(accounts: Accounts, store: MemoryStore) -> None:
    _sign_up(accounts)
    accounts.sessions.log_in(**ANA)
    with pytest.raises(Unauthenticated):
        accounts.sessions.log_in(email="nobody@example.com", password="a long enough secret")
    assert store.hashed_while_open == 0
    assert store.transactions == 5  # counting and storing the sign-up, reading and opening for the login, reading for nobody


def test_signing_up_keeps_the_person_the_consents_and_the_session_together(accounts: Accounts, store: MemoryStore) -> None:
    signed_in = _sign_up(accounts)
    assert [person.email for person in store.data.people.values()] == ["ana@example.com"]
    assert [(c.purpose, c.granted) for c in store.data.consents] == [(Purpose.TERMS, True), (Purpose.PRIVACY, True)]
    assert signed_in.access_token == f"access:{signed_in.user.id}:{next(iter(store.data.sessions))}"
    assert signed_in.token_type == "Bearer"


def test_an_unknown_address_costs_a_hash_and_looks_like_a_wrong_password(accounts: Accounts, passwords: CountingPasswords) -> None:
    _sign_up(accounts)
    answers = []
    for attempt in (ANA | {"password": "not this one"}, ANA | {"email": "nobody@example.com"}):
        before = passwords.spent
        with pytest.raises(Unauthenticated) as refused:
            accounts.sessions.log_in(**attempt)
        assert passwords.spent == before + 1
        answers.append((refused.value.code, refused.value.detail))
    assert answers[0] == answers[1]
    assert answers[0][0] == "invalid_credentials"


def test_a_person_without_a_password_cannot_sign_in_with_one(accounts: Accounts, store: MemoryStore, passwords: CountingPasswords) -> None:
    signed_in = _sign_up(accounts)
    del store.data.hashes[signed_in.user.id]
    before = passwords.spent
    with pytest.raises(Unauthenticated, match="invalid_credentials"):
        accounts.sessions.log_in(**ANA)
    assert passwords.spent == before + 1


def test_a_good_login_renews_a_hash_of_yesterdays_costs(accounts: Accounts, store: MemoryStore, passwords: CountingPasswords) -> None:
    signed_in = _sign_up(accounts)
    passwords.costs = 2
    accounts.sessions.log_in(**ANA)
    assert store.data.hashes[signed_in.user.id] == "2:a long enough secret"


def test_a_refresh_token_is_good_once(accounts: Accounts) -> None:
    first = _sign_up(accounts)
    second = accounts.sessions.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    with pytest.raises(Unauthenticated, match="invalid_refresh_token"):
        accounts.sessions.refresh(first.refresh_token)
    assert accounts.sessions.refresh(second.refresh_token).access_token == first.access_token


def test_a_late_replay_ends_the_session_and_that_is_kept(accounts: Accounts, store: MemoryStore, clock: StillClock) -> None:
    first = _sign_up(accounts)
    second = accounts.sessions.refresh(first.refresh_token)
    clock.at += timedelta(seconds=11)
    with pytest.raises(Unauthenticated, match="invalid_refresh_token"):
        accounts.sessions.refresh(first.refresh_token)
    assert list(store.data.revoked.values()) == [clock.at]
    with pytest.raises(Unauthenticated, match="invalid_refresh_token"):
        accounts.sessions.refresh(second.refresh_token)


def test_a_session_goes_on_as_long_as_it_is_refreshed(accounts: Accounts, store: MemoryStore, clock: StillClock) -> None:
    signed_in = _sign_up(accounts)
    for _ in range(3):
        clock.at += timedelta(days=20)
        signed_in = accounts.sessions.refresh(signed_in.refresh_token)
    assert next(iter(store.data.sessions.values())).expires_at == clock.at + timedelta(days=30)


def test_an_expired_token_ends_nothing(accounts: Accounts, store: MemoryStore, clock: StillClock) -> None:
    signed_in = _sign_up(accounts)
    clock.at += timedelta(days=30)
    with pytest.raises(Unauthenticated, match="invalid_refresh_token"):
        accounts.sessions.refresh(signed_in.refresh_token)
    assert store.data.revoked == {}


def test_tokens_do_not_show_in_logs(accounts: Accounts) -> None:
    signed_in = _sign_up(accounts)
    assert signed_in.refresh_token not in repr(signed_in)
    assert signed_in.access_token not in repr(signed_in)


def test_only_an_answer_that_is_news_is_recorded(accounts: Accounts, store: MemoryStore) -> None:
    store.actor = _sign_up(accounts).user.id
    for marketing in (False, True, True, False):
        accounts.people.change(consents={"marketing": marketing})
    said = [c.granted for c in store.data.consents if c.purpose is Purpose.MARKETING]
    assert said == [True, False]
    assert accounts.people.profile().person.version == 3


def test_a_change_of_another_version_is_refused(accounts: Accounts, store: MemoryStore) -> None:
    store.actor = _sign_up(accounts).user.id
    assert accounts.people.change(full_name="Ana B", expected=1).person.version == 2
    with pytest.raises(Stale):
        accounts.people.change(full_name="Ana C", consents={"marketing": True}, expected=1)
    assert accounts.people.profile().person.full_name == "Ana B"


def test_an_erased_person_has_no_profile(accounts: Accounts, store: MemoryStore) -> None:
    store.actor = UUID(int=1)
    with pytest.raises(NotFound):
        accounts.people.profile()
    with pytest.raises(NotFound):
        accounts.people.change(full_name="Ana B")


def _sign_up(accounts: Accounts) -> SignedIn:
    signed_in = accounts.signups.sign_up(**ANA, full_name="Ana Souza", consents=YES)
    assert signed_in is not None
    return signed_in


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def passwords(store: MemoryStore) -> CountingPasswords:
    return CountingPasswords(store)


@pytest.fixture
def accounts(store: MemoryStore, passwords: CountingPasswords, clock: StillClock) -> Accounts:
    refresh_tokens = RotatingRefreshTokens(clock)
    return Accounts.of(
        store=store,
        passwords=passwords,
        tokens=PlainTokens(),
        verifier=CachedVerifier(PlainTokens(), clock),
        refresh_tokens=refresh_tokens,
        refresh_lifetime=timedelta(days=30),
        devices=SignedDevices(b"k" * 32, clock),
        allowances=Allowances(account=3, address=5),
        capabilities=DerivedCapabilities(b"c" * 32),
        post=store.post,
        federation=Federation(None, (), PlainTokens()),
        address=str,
        confirmed=False,
        app_url="https://app.example.com",
        own_url="https://api.example.com",
        clock=clock,
    )
