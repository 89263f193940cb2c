"""What the use cases of accounts stand on, in memory: a store whose transactions roll back, a clock that stands, hashes that are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from plugins.accounts.domain import Addressee, Applicant, Budget, Consent, Door, Link, Person, Purpose, Standing, complete
from plugins.accounts.ports import Credential, Presented, Profile, Session
from ports.identity import IssuedToken, Principal, RefreshRecord
from ports.persistence import Document


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
    applicants: dict[bytes, Applicant] = field(default_factory=dict)


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

    def add(self, person: Person, password_hash: str, verified_at: datetime | None = None) -> None:
        self.data.people[person.id] = person
        self.data.hashes[person.id] = password_hash
        if verified_at is not None:
            self.data.verified.add(person.id)

    def credential(self, email: str) -> Credential | None:
        found = next((person for person in self.data.people.values() if person.email == email), None)
        return None if found is None else Credential(found, self.data.hashes.get(found.id))

    def hash_or(self, decoy: str, email: str) -> tuple[UUID, str]:
        found = self.credential(email)
        return (UUID(int=0), decoy) if found is None else (found.person.id, found.password_hash or decoy)

    def own_credential(self) -> Credential | None:
        return Credential(self.data.people[self.actor], self.data.hashes.get(self.actor))

    def still(self, user_id: UUID, hashed: str, fresh: str | None = None) -> Person | None:
        if self.data.hashes.get(user_id) != hashed:
            return None
        self.data.hashes[user_id] = fresh or hashed
        return self.data.people[user_id]

    def profile(self) -> Profile | None:
        person = self.data.people.get(self.actor)
        if person is None:
            return None
        return Profile(person, complete([(p, self.standing(p)) for p in Purpose]), ())

    def hold(self) -> Person | None:
        return self.data.people.get(self.actor)

    def change(self, *, full_name: str | None, locale: str | None, now: datetime) -> None:
        person = self.data.people[self.actor]
        self.data.people[self.actor] = replace(
            person,
            full_name=full_name or person.full_name,
            locale=locale or person.locale,
            version=person.version + 1,
            updated_at=now,
        )

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

    def verified(self, user_id: UUID, email: str, now: datetime) -> bool:
        first = user_id not in self.data.verified
        self.data.verified.add(user_id)
        return first

    def distrust(self, user_id: UUID, now: datetime) -> None:
        """Nobody here has a workspace."""

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
        if link is None or link.door not in doors or link.id in self.data.used or link.session_id in self.data.revoked:
            return False
        return now < link.expires_at and link.user_id is not None

    def use(self, digest: bytes, doors: Sequence[Door], now: datetime) -> Link | None:
        if not self.usable(digest, doors, now):
            return None
        self.data.used.add(self.data.links[digest].id)
        return self.data.links[digest]

    def void(self, user_id: UUID, now: datetime) -> None:
        waiting = (None, self.data.people[user_id].email)
        self.data.used |= {link.id for link in self.data.links.values() if link.user_id == user_id or (link.user_id, link.email) == waiting}

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

    def apply(self, applicant: Applicant, digest: bytes) -> None:
        self.data.applicants[digest] = applicant

    def applicant(self, digest: bytes, now: datetime) -> Applicant | None:
        found = self.data.applicants.get(digest)
        return found if found is not None and now < found.expires_at else None

    def admit(self, digest: bytes, now: datetime) -> Applicant | None:
        found = self.applicant(digest, now)
        if found is not None:
            self.data.applicants = {key: each for key, each in self.data.applicants.items() if each.email != found.email}
        return found

    def applied(self, id: UUID) -> tuple[Addressee, Addressee | None] | None:
        found = next((each for each in self.data.applicants.values() if each.id == id), None)
        if found is None:
            return None
        known = self.credential(found.email)
        return Addressee(found.email, found.full_name, found.locale), known and self.addressee(known.person.id)

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

    def finish_signup(self, applicant_id: UUID) -> None:
        self.sent.append(("finish_signup", applicant_id))

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

    def decoy(self) -> str:
        return f"{self.costs}:"

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
