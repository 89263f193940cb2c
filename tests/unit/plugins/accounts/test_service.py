"""The use cases on a store in memory: what is hashed when, and what is kept when somebody is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.local.capabilities import DerivedCapabilities
from adapters.local.identity import CachedVerifier, RotatingRefreshTokens, SignedDevices
from kernel.errors import NotFound, Stale, Unauthenticated
from plugins.accounts.domain import Addressee, Budget, Consent, Door, Link, Person, Purpose, Standing, complete
from plugins.accounts.ports import Credential, Presented, Profile, Session
from plugins.accounts.service import Accounts, SignedIn
from ports.federation import Federation
from ports.identity import Allowances, IssuedToken, Principal, RefreshRecord
from ports.persistence import Document

ANA = {"email": "ana@example.com", "password": "a long enough secret"}
YES = {"terms": True, "privacy": True}


def test_passwords_are_never_hashed_inside_a_transaction(accounts: Accounts, store: MemoryStore) -> None:
    _sign_up(accounts)
    accounts.sessions.log_in(**ANA)
    with pytest.raises(Unauthenticated):
        accounts.sessions.log_in(email="nobody@example.com", password="a long enough secret")
    assert store.hashed_while_open == 0
    assert store.transactions == 4  # signing up, reading and opening for the login, reading for nobody


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


def _sign_up(accounts: Accounts) -> SignedIn:
    return accounts.signups.sign_up(**ANA, full_name="Ana Souza", consents=YES)


@dataclass
class StillClock:
    at: datetime = datetime(2026, 11, 1, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class Data:
    people: dict[UUID, Person] = field(default_factory=dict)
    hashes: dict[UUID, str] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    revoked: dict[UUID, datetime] = field(default_factory=dict)
    proved: dict[UUID, datetime] = field(default_factory=dict)
    tokens: dict[bytes, tuple[UUID, RefreshRecord]] = field(default_factory=dict)
    consents: list[Consent] = field(default_factory=list)
    links: dict[bytes, Link] = field(default_factory=dict)
    used: set[UUID] = field(default_factory=set)
    verified: set[UUID] = field(default_factory=set)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)


class MemoryStore:
    """plugins.accounts.ports.Store whose transactions roll back when their block raises, as the real ones do."""

    def __init__(self) -> None:
        self.data = Data()
        self.post = Outbox()
        self.actor = UUID(int=0)
        self.is_open = False
        self.transactions = 0
        self.hashed_while_open = 0

    @contextmanager
    def transaction(self) -> Iterator[object]:
        before, self.is_open = deepcopy(self.data), True
        self.transactions += 1
        try:
            yield None
        except BaseException:
            self.data = before
            raise
        finally:
            self.is_open = False

    def add(self, person: Person, password_hash: str) -> None:
        self.data.people[person.id] = person
        self.data.hashes[person.id] = password_hash

    def credential(self, email: str) -> Credential | None:
        found = next((person for person in self.data.people.values() if person.email == email), None)
        return None if found is None else Credential(found, self.data.hashes.get(found.id))

    def own_credential(self) -> Credential | None:
        return Credential(self.data.people[self.actor], self.data.hashes.get(self.actor))

    def still(self, user_id: UUID, hashed: str, fresh: str | None = None) -> bool:
        if self.data.hashes.get(user_id) != hashed:
            return False
        self.data.hashes[user_id] = fresh or hashed
        return True

    def profile(self) -> Profile | None:
        person = self.data.people.get(self.actor)
        if person is None:
            return None
        return Profile(person, complete([(p, self.standing(p)) for p in Purpose]), ())

    def change(self, *, full_name: str | None, locale: str | None, expected: int | None, now: datetime) -> UUID | None:
        person = self.data.people[self.actor]
        if expected not in (None, -1, person.version):
            return None
        self.data.people[self.actor] = replace(
            person,
            full_name=full_name or person.full_name,
            locale=locale or person.locale,
            version=person.version + 1,
            updated_at=now,
        )
        return self.actor

    def open(self, session: Session, digest: bytes) -> None:
        self.data.sessions[session.id] = session
        self.data.tokens[digest] = (session.id, RefreshRecord(session.expires_at))

    def presented(self, digest: bytes) -> Presented | None:
        if digest not in self.data.tokens:
            return None
        session_id, record = self.data.tokens[digest]
        person = self.data.people[self.data.sessions[session_id].user_id]
        proved = self.data.proved.get(session_id, self.data.sessions[session_id].created_at)
        return Presented(replace(record, family_revoked_at=self.data.revoked.get(session_id)), session_id, person, proved)

    def rotate(self, session_id: UUID, *, used: bytes, successor: bytes, now: datetime, expires_at: datetime) -> None:
        self.data.tokens[used] = (session_id, replace(self.data.tokens[used][1], used_at=now))
        self.data.tokens[successor] = (session_id, RefreshRecord(expires_at))
        self.data.sessions[session_id] = replace(self.data.sessions[session_id], expires_at=expires_at)

    def prove(self, session_id: UUID, now: datetime) -> None:
        self.data.proved[session_id] = now

    def revoke(self, session_id: UUID, now: datetime) -> None:
        self.data.revoked.setdefault(session_id, now)

    def living(self, current: UUID | None, before: UUID | None, limit: int) -> Sequence[Document]:
        raise AssertionError("sessions are listed as they are stored; test_safety lists them over HTTP")

    def end(self, session_id: UUID, now: datetime) -> bool:
        known = session_id in self.data.sessions and session_id not in self.data.revoked
        self.revoke(session_id, now)
        return known

    def end_all(self, user_id: UUID, now: datetime, *, but: UUID | None = None) -> None:
        for session in self.data.sessions.values():
            if session.user_id == user_id and session.id != but:
                self.revoke(session.id, now)

    def sweep(self, now: datetime) -> int:
        return 0

    def set_password(self, user_id: UUID, password_hash: str, now: datetime) -> None:
        self.data.hashes[user_id] = password_hash

    def addressee(self, user_id: UUID) -> Addressee | None:
        person = self.data.people.get(user_id)
        return None if person is None else Addressee(person.email, person.full_name, person.locale)

    def verified(self, user_id: UUID, email: str, now: datetime) -> None:
        self.data.verified.add(user_id)

    def move(self, user_id: UUID, old: str, new: str, now: datetime) -> bool:
        if self.data.people[user_id].email != old:
            return False
        self.data.people[user_id] = replace(self.data.people[user_id], email=new)
        return True

    def hand_out(self, link: Link, digest: bytes) -> None:
        self.data.links[digest] = link

    def bind(self, link_id: UUID) -> Addressee | None:
        digest, link = next((digest, link) for digest, link in self.data.links.items() if link.id == link_id)
        found = self.credential(link.previous_email or link.email)
        if found is None:
            return None
        self.data.links[digest] = replace(link, user_id=found.person.id)
        return Addressee(link.email, found.person.full_name, found.person.locale)

    def usable(self, digest: bytes, doors: Sequence[Door], now: datetime) -> bool:
        link = self.data.links.get(digest)
        return link is not None and link.door in doors and link.id not in self.data.used and now < link.expires_at and link.user_id is not None

    def use(self, digest: bytes, doors: Sequence[Door], now: datetime) -> Link | None:
        if not self.usable(digest, doors, now):
            return None
        self.data.used.add(self.data.links[digest].id)
        return self.data.links[digest]

    def void(self, user_id: UUID, doors: Sequence[Door], now: datetime) -> None:
        self.data.used |= {link.id for link in self.data.links.values() if link.user_id == user_id and link.door in doors}

    def sent_link(self, link_id: UUID) -> tuple[Link, Addressee] | None:
        link = next(link for link in self.data.links.values() if link.id == link_id)
        to = self.addressee(link.user_id) if link.user_id else None
        return None if to is None else (link, to)

    def attempt(self, *budgets: Budget, now: datetime) -> int | None:
        for budget in budgets:
            self.data.counts[budget.kind, budget.subject] = self.data.counts.get((budget.kind, budget.subject), 0) + 1
        return 60 if any(self.data.counts[budget.kind, budget.subject] > budget.count for budget in budgets) else None

    def give_back(self, *budgets: Budget) -> None:
        for budget in budgets:
            self.data.counts[budget.kind, budget.subject] -= 1

    def settle(self, *budgets: Budget) -> None:
        for budget in budgets:
            self.data.counts.pop((budget.kind, budget.subject), None)

    def record(self, consent: Consent) -> None:
        self.data.consents.append(consent)

    def standing(self, purpose: Purpose) -> Standing:
        said = [c for c in self.data.consents if c.purpose is purpose and c.user_id == self.actor]
        return Standing(said[-1].granted, said[-1].document_version, said[-1].recorded_at) if said else Standing()

    def history(self, limit: int, before: UUID | None) -> Sequence[Document]:
        raise AssertionError("the history is read as it is stored; test_accounts reads it over HTTP")


@dataclass
class Outbox:
    """What would be sent."""

    sent: list[tuple[str, UUID]] = field(default_factory=list)

    def follow_link(self, link: Link) -> None:
        self.sent.append((str(link.door), link.id))

    def password_changed(self, user_id: UUID) -> None:
        self.sent.append(("password_changed", user_id))

    def address_changed(self, link_id: UUID) -> None:
        self.sent.append(("address_changed", link_id))


class CountingPasswords:
    """Fast hashes that remember how often somebody paid for one, and whether a transaction was waiting meanwhile."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.costs = 1
        self.spent = 0

    def _spend(self) -> None:
        self.spent += 1
        self._store.hashed_while_open += self._store.is_open

    def check(self, password: str) -> None:
        pass

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield

    def hash(self, password: str) -> str:
        self._spend()
        return f"{self.costs}:{password}"

    def verify(self, hashed: str, password: str) -> bool:
        self._spend()
        return hashed.partition(":")[2] == password

    def burn(self, password: str) -> None:
        self._spend()

    def needs_rehash(self, hashed: str) -> bool:
        return not hashed.startswith(f"{self.costs}:")


class PlainTokens:
    """Access tokens that can be read by eye."""

    def issue(self, user_id: UUID, session_id: UUID, authenticated_at: datetime | None = None) -> IssuedToken:
        return IssuedToken(f"access:{user_id}:{session_id}", 600)

    def verify(self, bearer: str) -> Principal:
        _, user, session = bearer.split(":")
        return Principal(UUID(user), UUID(session), 2**40)

    def jwks(self) -> dict[str, Any]:
        return {"keys": []}


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
        devices=SignedDevices(b"k" * 32, clock),
        allowances=Allowances(account=3, address=5),
        capabilities=DerivedCapabilities(b"c" * 32),
        post=store.post,
        federation=Federation(None, (), PlainTokens()),
        address=str,
        app_url="https://app.example.com",
        own_url="https://api.example.com",
        clock=clock,
    )
